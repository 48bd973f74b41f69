"""Dead letters: counted by reason and hour, and the latest ones by their headers.

In:       records of `dead-letters.v1`, the campaign of each if it could be read, notes about replays.
Out:      counts of all, or of some campaigns; the latest ones of a reason.
Promise:  bounded, and a record that is read again counts once. No key, no value and no header of the sender is kept.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from heapq import heappush, heappushpop
from typing import Final, NamedTuple, get_args

from schemas.records import DeadLetterReason, IncomingRecord

HOUR_S: Final = 3_600
HOURS: Final = 24
"""Hours over which dead letters are counted."""
REASONS: Final = frozenset(get_args(DeadLetterReason))
OTHER: Final = "other"
"""Any other reason: whoever may write to the topic can write any."""
KEPT_MAX: Final = 1_000
"""The latest of each reason."""
CAMPAIGNS_MAX: Final = 1_000
"""Campaigns with counts of their own: those that had a dead letter last."""
REPLAYED_MAX: Final = 20_000
"""Notes about replays; the latest."""
OWN_PREFIX: Final = "dlq-"
HEADER_BYTES_MAX: Final = 1_024
"""Of each header that is kept; the details that the service writes are shorter."""


class Kept(NamedTuple):
    """A dead letter as far as it may be shown."""

    record: IncomingRecord
    """Without key and value, and with the service's own headers only."""
    campaign_id: str | None
    """None: nobody could read it."""


Timed = tuple[int, int, int, Kept]
"""With its timestamp, partition and offset."""


@dataclass(slots=True)
class Tally:
    """Counts by reason and hour."""

    hours: dict[int, Counter[str]] = field(default_factory=dict)
    latest_at: datetime | None = None

    def add(self, reason: str, at: datetime) -> None:
        self.hours.setdefault(int(at.timestamp() // HOUR_S), Counter())[reason] += 1
        first = max(self.hours) - HOURS + 1
        self.hours = {hour: counts for hour, counts in self.hours.items() if hour >= first}
        self.latest_at = max(at, self.latest_at or at)

    def counts(self, now: datetime) -> Mapping[str, int]:
        """By reason, over the last hours, with 0 for each of our reasons that did not occur."""
        first = int(now.timestamp() // HOUR_S) - HOURS
        total: Counter[str] = Counter(dict.fromkeys(sorted(REASONS), 0))
        for hour, counts in self.hours.items():
            if hour > first:
                total.update(counts)
        return total


class DeadLetters:
    """All of them, and those of each campaign."""

    def __init__(self) -> None:
        self.all = Tally()
        self._of_campaign: OrderedDict[str, Tally] = OrderedDict()
        self._latest: dict[str, list[Timed]] = {reason: [] for reason in (*REASONS, OTHER)}
        """Of each reason a heap, the oldest at its root: after a start, partitions are read one after the other."""
        self._replayed: OrderedDict[str, None] = OrderedDict()
        self._read: dict[int, int] = {}
        """The next offset of each partition."""

    def add(self, record: IncomingRecord, campaign_id: str | None) -> bool:
        """False if this record was counted before."""
        if record.offset < self._read.get(record.partition, 0):
            return False
        self._read[record.partition] = record.offset + 1
        reason = reason_of(record)
        self.all.add(reason, record.at)
        self._keep(self._latest[reason], Kept(without_contents(record), campaign_id))
        if campaign_id is not None:
            self._count(campaign_id, reason, record.at)
        return True

    def _keep(self, latest: list[Timed], kept: Kept) -> None:
        timed = (kept.record.timestamp_ms, kept.record.partition, kept.record.offset, kept)
        if len(latest) < KEPT_MAX:
            heappush(latest, timed)
        else:
            heappushpop(latest, timed)

    def _count(self, campaign_id: str, reason: str, at: datetime) -> None:
        self._of_campaign.setdefault(campaign_id, Tally()).add(reason, at)
        self._of_campaign.move_to_end(campaign_id)
        if len(self._of_campaign) > CAMPAIGNS_MAX:
            self._of_campaign.popitem(last=False)

    def of(self, campaign_ids: Iterable[str]) -> dict[str, Tally]:
        """The counts of those of these campaigns that have any."""
        return {name: self._of_campaign[name] for name in sorted(campaign_ids) if name in self._of_campaign}

    def campaigns(self) -> set[str]:
        """Those that have any."""
        return set(self._of_campaign)

    def latest(self, reason: str) -> list[Kept] | None:
        """The latest first; None if there is no such reason."""
        found = self._latest.get(reason)
        return None if found is None else [kept for *_, kept in sorted(found, reverse=True)]

    def note_replay(self, identity: str) -> bool:
        """Somebody replayed the record with this identity (`ops.letters.letter`); false if that was known."""
        is_news = identity not in self._replayed
        self._replayed[identity] = None
        self._replayed.move_to_end(identity)
        if len(self._replayed) > REPLAYED_MAX:
            self._replayed.popitem(last=False)
        return is_news

    def was_replayed(self, identity: str | None) -> bool:
        return identity in self._replayed


def reason_of(record: IncomingRecord) -> str:
    reason = (record.header("dlq-reason") or b"").decode(errors="replace")
    return reason if reason in REASONS else OTHER


def without_contents(record: IncomingRecord) -> IncomingRecord:
    """What the service wrote about a record, each header cut to a limit."""
    own = tuple(
        (name, value if value is None else value[:HEADER_BYTES_MAX])
        for name, value in record.headers
        if name.startswith(OWN_PREFIX)
    )
    return replace(record, key=None, value=None, headers=own)
