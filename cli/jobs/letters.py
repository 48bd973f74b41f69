"""Dead letters as rows for tables and scripts.

In:       dead letters, verdicts.
Out:      one flat mapping each, counts, and all that may be shown of one.
Promise:  contents of a record only with `reveal`.
"""

import base64
from collections import Counter
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

from ops.broker.patience import Patience
from ops.broker.records import fields_behind_prefix, text
from ops.letters.choice import Choice
from ops.letters.letter import REPLAYED_FROM, Address, Letter
from ops.letters.reading import Found, chosen_letters, replayed_identities
from ops.letters.shape import shape_of
from ops.letters.verdict import REPLAYED, LeftOut, Send
from ops.settings.load import Settings
from ops.telemetry.masking import MASK, is_secret
from producers.envelope import OWN_HEADERS
from schemas.base import rfc3339

Row = dict[str, Any]

UNKNOWN: Final = "unknown"
SHOWN: Final = (*OWN_HEADERS, REPLAYED_FROM)
"""Headers that the service wrote."""


@dataclass(slots=True)
class Summary:
    """Counts of dead letters."""

    letters: int = 0
    waiting: int = 0
    replayed: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    topics: Counter[str] = field(default_factory=Counter)

    def count(self, found: Found) -> None:
        origin = found.letter.origin
        self.letters += 1
        self.replayed += found.is_replayed
        self.waiting += not found.is_replayed
        self.reasons[found.letter.reason or UNKNOWN] += 1
        self.topics[UNKNOWN if origin is None else origin.topic] += 1

    def as_json(self) -> Row:
        return {
            "letters": self.letters,
            "waiting": self.waiting,
            "replayed": self.replayed,
            "reasons": dict(self.reasons.most_common()),
            "topics": dict(self.topics.most_common()),
        }


def row_of(found: Found) -> Row:
    """A dead letter without its contents."""
    return {**place_of(found.letter), "replayed": found.is_replayed}


def place_of(letter: Letter) -> Row:
    origin = letter.origin
    return {
        "letter": str(letter.address),
        "topic": None if origin is None else origin.topic,
        "partition": None if origin is None else origin.partition,
        "offset": None if origin is None else origin.offset,
        "reason": letter.reason,
        "fields": letter.fields,
        "detail": letter.detail,
        "at": rfc3339(letter.record.at),
    }


def verdict_row(verdict: Send | LeftOut) -> Row:
    """What a replay does with one, and why."""
    origin = verdict.letter.origin
    return {
        "letter": str(verdict.letter.address),
        "topic": None if origin is None else origin.topic,
        "partition": None if origin is None else origin.partition,
        "verdict": verdict_of(verdict),
        "why": verdict.why if isinstance(verdict, LeftOut) and verdict.why is not REPLAYED else None,
    }


def verdict_of(verdict: Send | LeftOut) -> str:
    if isinstance(verdict, Send):
        return "send"
    return "replayed" if verdict.why is REPLAYED else "left out"


async def one_letter(settings: Settings, address: Address, patience: Patience) -> Found | None:
    """The dead letter at this address. Raises as `chosen_letters` does."""
    replayed = await replayed_identities(settings, patience)
    async with aclosing(chosen_letters(settings, Choice.at(address), replayed, patience)) as pieces:
        async for found in pieces:
            for item in found:
                return item
    return None


def account_of(found: Found, *, reveal: bool) -> Row:
    """Everything about one dead letter; its contents only with `reveal`."""
    record = found.letter.record
    return {
        **row_of(found),
        "headers": headers_of(found.letter, reveal=reveal),
        "key": content_of(record.key, reveal=reveal),
        **shape_of(record.value),
        **(revealed(record.value) if reveal else {}),
    }


def headers_of(letter: Letter, *, reveal: bool) -> Mapping[str, str | None]:
    """The service's own are shown; of the sender's only the length, unless `reveal`. A token never."""
    return {
        name: MASK if is_secret(name) else content_of(value, reveal=reveal or name.startswith(SHOWN))
        for name, value in letter.record.headers
    }


def content_of(value: bytes | None, *, reveal: bool) -> str | None:
    if value is None:
        return None
    return text(value) if reveal else f"{len(value)} bytes"


def revealed(value: bytes | None) -> Row:
    """The fields of a JSON object, else text; base64 of what is neither."""
    fields = fields_behind_prefix(value)
    if fields or value is None:
        return {"value": fields or None}
    try:
        return {"value": value.decode()}
    except UnicodeDecodeError:
        return {"value_base64": base64.b64encode(value).decode()}
