"""Running imports and sent alerts: what the page shows beside the counts.

In:       events of imports, alerts.
Out:      the latest of each.
Promise:  bounded, and a record that is read again counts once.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from handlers.inventory.pace import Pace, Sample
from schemas.events import ImportProgressed, StockAlert

IMPORTS_MAX: Final = 1_000
"""The latest; a running import is never older than its last progress event."""
ALERTS_MAX: Final = 10_000
"""Ids of alerts that were sent; the newest are shown."""
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

    def latest(self) -> Iterator[tuple[str, StockAlert]]:
        """Latest first."""
        return reversed(self._sent.items())
