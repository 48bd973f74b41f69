"""Ids: the letters and lengths of the contract, and whose they are."""

import pytest
from pydantic import ValidationError

from schemas.requests import ReleaseRequest, expirer_request_id
from tests.fakes.builders import a_release, a_reserve, an_expiry

LETTERS = "ABCXYZabcxyz0189._:-"


@pytest.mark.parametrize("field", ["campaign_id", "fan_id"])
def test_an_id_has_up_to_128_of_the_allowed_characters(field: str) -> None:
    """The whole alphabet and the whole length are good."""
    value = (LETTERS * 7)[:128]

    assert value == getattr(a_reserve(**{field: value}), field)


@pytest.mark.parametrize(
    "value", ["", "x" * 129, "a b", "a/b", "ä", "a\n", "a\x00", "a,b", "\uff41", 7, None, True, b"a"]
)
@pytest.mark.parametrize("field", ["request_id", "campaign_id", "fan_id"])
def test_anything_else_is_no_id(field: str, value: object) -> None:
    """Not even a line feed at the end gets through."""
    with pytest.raises(ValidationError):
        a_reserve(**{field: value})


def test_a_senders_request_id_has_at_most_110_characters() -> None:
    """The rest is room for what the expirer puts around it."""
    assert a_reserve(request_id="x" * 110).request_id == "x" * 110
    with pytest.raises(ValidationError):
        a_reserve(request_id="x" * 111)


def test_a_sender_may_not_use_the_expirers_prefix() -> None:
    """Or it could answer for the expirer."""
    with pytest.raises(ValidationError, match="expirer's own"):
        a_reserve(request_id="expire:r-1:1")


def test_the_expirers_ids_fit_the_longest_reservation() -> None:
    """The longest id of a sender, expired for the ten-millionth time."""
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
    """Nobody can take an id that the expirer may need."""
    fields = an_expiry().model_dump() | changes

    with pytest.raises(ValidationError):
        ReleaseRequest(**fields)


def test_a_sender_may_release_as_expired_under_an_id_of_its_own() -> None:
    """The reason is the contract's; only the prefix is the expirer's."""
    assert not a_release(reason="expired").by_expirer


def test_a_release_of_a_sender_has_the_senders_length() -> None:
    """111 characters are too many, without the prefix."""
    with pytest.raises(ValidationError, match="at most 110"):
        a_release(request_id="x" * 111)
