"""Running imports, sent alerts and dead letters: what the page shows beside the counts.

In:       events of imports, alerts, and the headers of dead letters.
Out:      the latest of each, and counts by reason.
Promise:  bounded, and a record that is read again counts once.
"""

from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, get_args

from handlers.inventory.pace import Pace, Sample
from schemas.events import ImportProgressed, StockAlert
from schemas.records import DeadLetterReason

IMPORTS_MAX: Final = 1_000
"""The latest; a running import is never older than its last progress event."""
ALERTS_MAX: Final = 10_000
"""Ids of alerts that were sent; the newest are shown."""
HOUR_S: Final = 3_600
HOURS: Final = 24
"""Dead letters are counted over so many hours."""
REASONS: Final = frozenset(get_args(DeadLetterReason))
OTHER: Final = "other"
"""Any other reason: whoever may write to the topic can write any."""
OF_ANOTHER_COMMAND: Final = frozenset({"request_id_reused", "invalid_request"})
"""Reasons of an event that is about a command, under an id that may be another command's import."""


class Imports:
    """The latest event of each import."""

    def __init__(self) -> None:
        self._latest: OrderedDict[str, ImportProgressed] = OrderedDict()
        self._paces: dict[str, Pace] = {}
        """Of running imports."""

    def add(self, event: ImportProgressed) -> bool:
        """True if it changes what is known. Nothing changes an import that has ended."""
        known = self._latest.get(event.import_id)
        if known is not None and not is_later(event, known):
            return False
        self._latest[event.import_id] = event
        self._latest.move_to_end(event.import_id)
        if len(self._latest) > IMPORTS_MAX:
            forgotten, _ = self._latest.popitem(last=False)
            self._paces.pop(forgotten, None)
        self._measure(event)
        return True

    def _measure(self, event: ImportProgressed) -> None:
        if event.state == "running":
            sample = Sample(event.at.timestamp(), event.rows_read, event.bytes_read)
            self._paces.setdefault(event.import_id, Pace()).add(sample)
        else:
            self._paces.pop(event.import_id, None)

    def pace(self, import_id: str) -> Pace:
        """How fast a running import goes; empty for any other."""
        return self._paces.get(import_id) or Pace()

    def is_any_running(self) -> bool:
        """Whether an import runs."""
        return bool(self._paces)

    def latest(self) -> list[ImportProgressed]:
        """Running imports, then ended ones; each group latest first."""
        found = list(reversed(self._latest.values()))
        running = [event for event in found if event.state == "running"]
        return running + [event for event in found if event.state != "running"]


def is_later(event: ImportProgressed, known: ImportProgressed) -> bool:
    """Whether an event of an import is newer than the known one.

    A refused command is no state of the import that began under its id, so any event of that import replaces it.
    """
    if event.reason in OF_ANOTHER_COMMAND or known.reason in OF_ANOTHER_COMMAND:
        return event.reason not in OF_ANOTHER_COMMAND
    if known.state != "running":
        return False
    return event.state != "running" or event.rows_read > known.rows_read


class Alerts:
    """Alerts by their `ce_id`."""

    def __init__(self) -> None:
        self._sent: OrderedDict[str, StockAlert] = OrderedDict()

    def add(self, ce_id: str, alert: StockAlert) -> bool:
        """False if it was known."""
        if ce_id in self._sent:
            return False
        self._sent[ce_id] = alert
        if len(self._sent) > ALERTS_MAX:
            self._sent.popitem(last=False)
        return True

    def __contains__(self, ce_id: str) -> bool:
        return ce_id in self._sent

    def latest(self, limit: int) -> list[tuple[str, StockAlert]]:
        """Latest first."""
        return list(reversed(self._sent.items()))[:limit]


@dataclass(slots=True)
class DeadLetters:
    """Counts by reason and hour."""

    hours: dict[int, Counter[str]] = field(default_factory=dict)
    latest_at: datetime | None = None
    read: dict[int, int] = field(default_factory=dict)
    """The next offset of each partition."""

    def add(self, partition: int, offset: int, reason: str | None, at: datetime) -> bool:
        """False if this record was counted before."""
        if offset < self.read.get(partition, 0):
            return False
        self.read[partition] = offset + 1
        hour = int(at.timestamp() // HOUR_S)
        self.hours.setdefault(hour, Counter())[reason if reason in REASONS and reason else OTHER] += 1
        first = max(self.hours) - HOURS + 1
        self.hours = {hour: counts for hour, counts in self.hours.items() if hour >= first}
        self.latest_at = max(at, self.latest_at or at)
        return True

    def counts(self, now: datetime) -> Mapping[str, int]:
        """By reason, over the last hours, with 0 for each of our reasons that did not occur."""
        first = int(now.timestamp() // HOUR_S) - HOURS
        total: Counter[str] = Counter(dict.fromkeys(sorted(REASONS), 0))
        for hour, counts in self.hours.items():
            if hour > first:
                total.update(counts)
        return total
