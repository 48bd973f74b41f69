"""An export's folder in memory, and a campaign that is exported into it.

Out: `Folder`, which stands in for `S3Objects`; `Rows`, for `CodeRows`; `Desk`, for `CampaignDesk`; `an_export`.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

from ops.campaigns.export import Export, ExportOrder
from ops.campaigns.formats import Format
from ops.campaigns.manifest import ManifestStore
from schemas.errors import ImportFailed, ObjectStoreUnavailable
from stores.import_port import ObjectPlace, ObjectSeen
from stores.mongo.campaign_desk import CampaignDesk, CampaignFound
from stores.mongo.code_rows import CodeRow, CodeRows
from stores.s3.objects import S3Objects
from tests.fakes.builders import HOUR, NOW

PAGE = 1_000


class Folder:
    """Objects by key, and the failures that a test arranges."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.types: dict[str, str] = {}
        self.refused: str | None = None
        """Reason for which S3 refuses each object."""
        self.unavailable = 0
        """Writes that get no answer."""
        self.writes_left = 1_000_000
        """Writes until the process is killed."""
        self.keeps = True

    async def look(self, place: ObjectPlace) -> ObjectSeen:
        """See `S3Objects.look`."""
        if place.key not in self.objects:
            raise ImportFailed("no_such_object")
        return ObjectSeen(len(self.objects[place.key]), '"e"', gzip=False)

    async def read(self, place: ObjectPlace, etag: str, start: int, stop: int) -> bytes:
        """See `S3Objects.read`."""
        return self.objects[place.key][start:stop]

    async def write(self, place: ObjectPlace, pieces: AsyncIterator[bytes], content_type: str) -> None:
        """See `S3Objects.write`."""
        if self.refused is not None:
            raise ImportFailed(self.refused)
        if self.unavailable:
            self.unavailable -= 1
            raise ObjectStoreUnavailable("SlowDown (503)")
        if not self.writes_left:
            raise KeyboardInterrupt
        self.writes_left -= 1
        body = b"".join([piece async for piece in pieces])
        self.objects[place.key] = body if self.keeps else b""
        self.types[place.key] = content_type


class Rows:
    """A campaign of `taken` assigned codes and `free` available ones."""

    def __init__(self, taken: int, free: int, *, unnamed: int = 0) -> None:
        self._taken = taken
        self._free = free
        self._unnamed = unnamed

    async def taken(self, campaign_id: str) -> AsyncIterator[list[CodeRow]]:
        """See `CodeRows.taken`."""
        for numbers in pages(0, self._taken):
            yield [a_row(number, "assigned", fan_id=f"fan-{number}", request_id=f"r-{number}") for number in numbers]

    async def every(self, campaign_id: str) -> AsyncIterator[list[CodeRow]]:
        """See `CodeRows.every`."""
        last = self._taken + self._unnamed
        for numbers in pages(0, last):
            yield [a_row(number, "assigned") for number in numbers]
        for numbers in pages(last, last + self._free):
            yield [a_row(number, "available") for number in numbers]


class Desk:
    """One campaign, as it is found at each look."""

    def __init__(self, *found: CampaignFound) -> None:
        self._found = list(found)

    async def one(self, campaign_id: str) -> CampaignFound | None:
        """See `CampaignDesk.one`; the last answer is given again and again."""
        if not self._found:
            return None
        return self._found.pop(0) if len(self._found) > 1 else self._found[0]


def pages(start: int, stop: int) -> Iterator[range]:
    """Numbers in pages."""
    return (range(first, min(first + PAGE, stop)) for first in range(start, stop, PAGE))


def a_row(number: int, status: str, **holder: Any) -> CodeRow:
    """One code."""
    return CodeRow(f"id-{number:08}", f"SECRET-{number:08}", "tm", status, NOW, "i-1", **holder)


def a_campaign(*, is_closed: bool = True, reserved: int = 0, later: int = 0) -> CampaignFound:
    """As it is found; `later` is when it was closed, in hours."""
    closed_at = NOW + later * HOUR if is_closed else None
    counts = {"tm": Counter({"available": 1, "reserved": reserved})}
    found = CampaignFound("summer", has_document=True, closed_at=closed_at, counts=counts)
    found.shards, found.shards_closed = 1, int(is_closed)
    return found


def an_export(
    folder: Folder, rows: Rows, *found: CampaignFound, format_: Format = "csv", rows_per_part: int = 100_000
) -> Export:
    """An export of `summer` under the id `final`."""
    place = ObjectPlace("exports", "2026/final")
    order = ExportOrder("summer", "final", place, format_, "maria", rows_per_part)
    manifests = ManifestStore(cast("S3Objects", folder), place)
    desk = Desk(*(found or (a_campaign(),)))
    return Export(
        order, cast("CodeRows", rows), cast("CampaignDesk", desk), manifests, clock=lambda: NOW, report=lambda _: None
    )
