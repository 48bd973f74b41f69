"""Which request a dead letter is about: the places of the latest ones, by the request ids in their values.

In:       dead letters as they are read.
Out:      the place of the latest one about a request, for whoever names the request.
Promise:  nothing of a value is kept but its `request_id`, and only if that has the form of an id. Bounded by
          `IDS_MAX`; a value larger than `VALUE_BYTES_MAX` is not parsed.
"""

import re
from collections import OrderedDict
from typing import Final, NamedTuple

import orjson

from handlers.inventory.letters import OTHER, REASONS
from schemas.base import ID_PATTERN
from schemas.records import IncomingRecord

IDS_MAX: Final = 10_000
VALUE_BYTES_MAX: Final = 64 * 1024
ID: Final = re.compile(ID_PATTERN)


class LetterPlace(NamedTuple):
    """A dead letter's place on its topic, and its reason."""

    partition: int
    offset: int
    reason: str
    campaign_id: str | None
    """That its value names, if that can be read."""

    @property
    def address(self) -> str:
        """As `codes dead-letters show` takes it."""
        return f"{self.partition}@{self.offset}"


class LetterIds:
    """Lives as long as the view."""

    def __init__(self) -> None:
        self._places: OrderedDict[str, LetterPlace] = OrderedDict()

    def add(self, record: IncomingRecord, campaign_id: str | None) -> None:
        """Take a dead letter; the latest one about a request counts."""
        request_id = request_id_in(record.value)
        if request_id is None:
            return
        reason = (record.header("dlq-reason") or b"").decode(errors="replace")
        known = reason if reason in REASONS else OTHER
        self._places[request_id] = LetterPlace(record.partition, record.offset, known, campaign_id)
        self._places.move_to_end(request_id)
        if len(self._places) > IDS_MAX:
            self._places.popitem(last=False)

    def find(self, request_id: str) -> LetterPlace | None:
        """The dead letter of a request, if it is among the latest."""
        return self._places.get(request_id)


def request_id_in(value: bytes | None) -> str | None:
    """The id of the request in a value; None if there is none that is valid."""
    if value is None or len(value) > VALUE_BYTES_MAX:
        return None
    try:
        content = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    found = content.get("request_id") if isinstance(content, dict) else None
    return found if isinstance(found, str) and ID.fullmatch(found) else None
