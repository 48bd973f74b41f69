"""Which claims give access, and to which campaigns; the same as for requests."""

from http import HTTPStatus
from typing import Any

import pytest
from pydantic import SecretStr

from schemas.settings import InventorySettings
from tests.fakes.tokens import SECRET, signed
from web.access import EVERYTHING, Access, NoAccess, access_in
from web.auth import Denied, Guard

SETTINGS = InventorySettings(jwt_secret=SecretStr(SECRET))
FORM = "the claim campaigns must be a list of campaign ids, or a text with spaces between them"


@pytest.mark.parametrize(
    ("claims", "campaigns"),
    [
        ({"campaigns": ["spring", "berlin-2026"]}, {"spring", "berlin-2026"}),
        ({"campaigns": "spring berlin-2026"}, {"spring", "berlin-2026"}),
        ({"campaigns": ["spring"], "supreme": False}, {"spring"}),
        ({"campaigns": ["spring"], "supreme": True}, None),
        ({"campaigns": {"spring": True}, "scope": "read supreme"}, None),
    ],
)
def test_a_claim_grants_all_campaigns_or_those_that_it_names(
    claims: dict[str, Any], campaigns: set[str] | None
) -> None:
    """A list or a text. Who sees all is not narrowed by another claim."""
    assert (None if campaigns is None else frozenset(campaigns)) == access_in(claims, SETTINGS).campaigns


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({}, "the token has no claim supreme and no claim campaigns"),
        ({"campaigns": None}, "the token has no claim supreme and no claim campaigns"),
        ({"scope": "campaigns"}, "the token has no claim supreme and no claim campaigns"),
        ({"campaigns": []}, "the claim campaigns names no campaign"),
        ({"campaigns": "  "}, "the claim campaigns names no campaign"),
        *(({"campaigns": odd}, FORM) for odd in (True, 1, {"spring": True}, ["spring", 1], [["spring"]], [None])),
    ],
)
def test_any_other_claim_is_refused_and_named(claims: dict[str, Any], why: str) -> None:
    """A claim of another form gives nothing, not even the part of it that can be read."""
    with pytest.raises(NoAccess) as raised:
        access_in(claims, SETTINGS)

    assert why == str(raised.value)


def test_the_guard_says_so_with_403() -> None:
    """With the reason, and under the names of the settings."""
    guard = Guard(SETTINGS.model_copy(update={"jwt_campaigns_claim": "https://us/sales"}))
    named: dict[str, Any] = {"supreme": None, "https://us/sales": ["spring"]}

    assert frozenset({"spring"}) == guard.access(f"Bearer {signed(**named)}").campaigns
    with pytest.raises(Denied) as raised:
        guard.admit(f"Bearer {signed(supreme=None, campaigns=['spring'])}")
    assert (HTTPStatus.FORBIDDEN, "the token has no claim supreme and no claim https://us/sales") == (
        raised.value.status,
        raised.value.detail,
    )


def test_without_a_key_everyone_sees_everything() -> None:
    """The settings allow that on loopback only."""
    assert Guard(InventorySettings()).access(None) is EVERYTHING


def test_what_is_about_no_known_campaign_is_for_those_who_see_all() -> None:
    """A record that nobody can read may be anybody's."""
    own = Access(frozenset({"spring"}))

    assert [True, False, False] == [own.sees(name) for name in ("spring", "summer", None)]
    assert [True, True] == [EVERYTHING.sees(name) for name in ("summer", None)]
