"""Ids have the characters and lengths of the contract, and the prefix `expire:` is the expirer's."""

import pytest
from pydantic import ValidationError

from schemas.requests import ReleaseRequest, expirer_request_id
from tests.fakes.builders import a_release, a_reserve, an_expiry

LETTERS = "ABCXYZabcxyz0189._:-"


@pytest.mark.parametrize("field", ["campaign_id", "fan_id"])
def test_an_id_has_up_to_128_of_the_allowed_characters(field: str) -> None:
    """All allowed characters and the maximum length are accepted."""
    value = (LETTERS * 7)[:128]

    assert value == getattr(a_reserve(**{field: value}), field)


@pytest.mark.parametrize(
    "value", ["", "x" * 129, "a b", "a/b", "ä", "a\n", "a\x00", "a,b", "\uff41", 7, None, True, b"a"]
)
@pytest.mark.parametrize("field", ["request_id", "campaign_id", "fan_id"])
def test_any_other_value_is_not_an_id(field: str, value: object) -> None:
    """Even a line feed at the end is refused."""
    with pytest.raises(ValidationError):
        a_reserve(**{field: value})


def test_a_senders_request_id_has_at_most_110_characters() -> None:
    """The remaining characters are for the expirer's prefix and attempt."""
    assert a_reserve(request_id="x" * 110).request_id == "x" * 110
    with pytest.raises(ValidationError):
        a_reserve(request_id="x" * 111)


def test_a_sender_may_not_use_the_expirers_prefix() -> None:
    """Its request could otherwise be taken for one of the expirer's."""
    with pytest.raises(ValidationError, match="expirer's own"):
        a_reserve(request_id="expire:r-1:1")


def test_the_expirers_ids_fit_the_longest_reservation() -> None:
    """The longest id of a sender still fits at the ten-millionth attempt."""
    longest = "x" * 110

    release = an_expiry(longest, 9_999_999)

    assert expirer_request_id(longest, 9_999_999) == release.request_id
    assert release.by_expirer


@pytest.mark.parametrize(
    "changes",
    [
        {"reservation_id": "r-2"},
        {"reason": "unused"},
        {"fan_id": "fan-1"},
        {"request_id": "expire:r-1"},
        {"request_id": "expire:r-1:"},
        {"request_id": "expire:r-1:x"},
        {"request_id": "expire:r-1:1:2"},
        {"request_id": "expire:"},
    ],
)
def test_an_expirers_id_on_anything_but_an_expiry_is_refused(changes: dict[str, object]) -> None:
    """No sender can use up an id that the expirer may need."""
    fields = an_expiry().model_dump() | changes

    with pytest.raises(ValidationError):
        ReleaseRequest(**fields)


def test_a_sender_may_release_as_expired_under_an_id_of_its_own() -> None:
    """Only the prefix is reserved for the expirer, not the reason."""
    assert not a_release(reason="expired").by_expirer


def test_a_senders_release_has_at_most_110_characters_too() -> None:
    """Without the prefix, 111 characters are refused."""
    with pytest.raises(ValidationError, match="at most 110"):
        a_release(request_id="x" * 111)
