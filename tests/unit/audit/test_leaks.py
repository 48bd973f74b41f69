"""What must hold: a value is found wherever it stands as such, and chance is not taken for a leak."""

import pytest

from audit.code_search import Secrets

VALUE = "ABCD-1234"


def found(text: str, *values: str) -> list[str]:
    """Ids of the values found; the first value's is `i-0`."""
    return list(Secrets({value: f"i-{number}" for number, value in enumerate(values or (VALUE,))}).found_in(text))


@pytest.mark.parametrize(
    "text",
    [
        VALUE,
        f'{{"code":"{VALUE}"}}',
        f"code={VALUE};",
        f"({VALUE})",
        f"s3://bucket/{VALUE}.csv",
        f"expire:{VALUE}:1",
        f"ABCD-{VALUE}",
        f"ünd {VALUE} ünd",
    ],
)
def test_a_value_between_other_signs_is_found(text: str) -> None:
    """Whatever stands beside it."""
    assert ["i-0"] == found(text)


@pytest.mark.parametrize("text", ["", "ABCD", f"X{VALUE}", f"{VALUE}5", f"{VALUE[:-1]}", VALUE.lower()])
def test_another_word_is_not_the_value(text: str) -> None:
    """A value inside a longer word, a part of it, or other letters: chance."""
    assert [] == found(text)


def test_values_that_begin_alike_are_distinguished() -> None:
    """The longer and the shorter one each have their own place."""
    assert ["i-1"] == found("see PROMO-2026-A-7.", "PROMO-2026-B", "PROMO-2026-A-7")
    assert ["i-0", "i-1"] == found("PROMO-2026/7", "PROMO-2026", "PROMO-2026/7")


def test_a_value_of_odd_signs_is_found() -> None:
    """Any visible sign but a comma, a quote and a space can begin or end a code."""
    assert ["i-0"] == found('"<[{#!$%&}]>"', "<[{#!$%&}]>")


def test_a_backslash_is_found_in_json_too() -> None:
    """JSON writes it twice."""
    assert ["i-0"] == found(r'{"code":"AB\\CD\\EF\\12"}', r"AB\CD\EF\12")


def test_a_short_value_is_not_looked_for() -> None:
    """`1234` is everywhere."""
    assert [] == found("at 1234 o'clock", "1234")
