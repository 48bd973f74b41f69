"""The ids of codes: a campaign's place among all ids, and a code's place in its campaign. Pure.

In:       a campaign, its salt, a code's value.
Out:      `code_id`, 32 hex digits: 8 of the campaign, 24 of a keyed hash of the value; places in a campaign's ids.
Promise:  the same value has the same id in its campaign, so the id alone keeps a code unique. Without the salt nobody
          can try values against an id. The order of the ids is random, so a walk through them hands out random codes.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

CAMPAIGN_BYTES: Final = 4
VALUE_BYTES: Final = 12
SALT_BYTES: Final = 32
CAMPAIGN_DIGITS: Final = 2 * CAMPAIGN_BYTES
PLACE_DIGITS: Final = 12
PLACES: Final = 16**PLACE_DIGITS
"""Places in a campaign: its ids by their next 12 digits. They fit into the database's integers."""
BEHIND: Final = "g"
"""Behind every hex digit."""


def campaign_prefix(campaign_id: str) -> str:
    """The first digits of all its codes. Two campaigns may have the same, so filters name the campaign too."""
    return blake2b(campaign_id.encode(), digest_size=CAMPAIGN_BYTES).hexdigest()


def code_ids(campaign_id: str, salt: bytes, values: Iterable[str]) -> list[str]:
    """The ids of these codes, in their order."""
    prefix = campaign_prefix(campaign_id)
    return [prefix + blake2b(value.encode(), digest_size=VALUE_BYTES, key=salt).hexdigest() for value in values]


def place_of(code_id: str) -> int | None:
    """A code's place in its campaign; None for an id that was made by hand."""
    try:
        return int(code_id[CAMPAIGN_DIGITS : CAMPAIGN_DIGITS + PLACE_DIGITS], 16)
    except ValueError:
        return None


def id_range(campaign_id: str, low: int = 0, high: int = PLACES) -> dict[str, str]:
    """A filter of `_id` for the places from `low` to `high`, which is not included; without them, for all."""
    prefix = campaign_prefix(campaign_id)
    return {"$gte": bound(prefix, low), "$lt": bound(prefix, high)}


def bound(prefix: str, place: int) -> str:
    """The id at which a place begins."""
    return prefix + (f"{place:0{PLACE_DIGITS}x}" if place < PLACES else BEHIND)
