"""Judges the brokers' clocks by the timestamps that they gave to records.

In:       records from the future, as `clock_reading.py` found them.
Out:      findings.
Promise:  a pure function: nothing is read or changed here. Only what is certain is a finding.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from schemas.findings import Finding

MS: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class FutureRecord:
    """A record that got its timestamp from a broker, and whose time this machine has not reached yet."""

    leader: int
    """The broker that leads its partition now; usually the one that gave the timestamp."""
    topic: str
    ahead: timedelta
    """What that broker's clock was ahead of this machine's at least."""


def clock_findings(records: Iterable[FutureRecord], *, clock_margin_ms: int) -> list[Finding]:
    """One finding for each broker, by its record that is furthest ahead."""
    furthest: dict[int, FutureRecord] = {}
    for record in sorted(records, key=lambda record: record.ahead):
        furthest[record.leader] = record
    margin = timedelta(milliseconds=clock_margin_ms)
    return [_finding(furthest[leader]) for leader in sorted(furthest) if furthest[leader].ahead > margin]


def _finding(record: FutureRecord) -> Finding:
    why = (
        f"a record on {record.topic} is later than CODES_EXPIRER__CLOCK_MARGIN_MS allows. One clock is wrong: that "
        "of this broker, of the leader before it, or of this machine. If a broker's, assigns in time may be refused"
    )
    value = f"at least {round(record.ahead / MS)} ms"
    remedy = "NTP on the brokers and on this machine"
    return Finding("weakens it", "broker", str(record.leader), "clock ahead of this machine", value, why, remedy)
