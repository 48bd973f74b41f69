"""Which settings of the database are findings, and how grave."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ops.weaknesses.database import EARLY_COMMITS, database_findings
from schemas.findings import Severity
from stores.mongo.topology import ClockOffset, ReplicaSet, Topology

GOOD_SET = ReplicaSet("rs0", voting=3)
RIGHT = ClockOffset(timedelta(milliseconds=2), timedelta(milliseconds=3))
GOOD = Topology("replica set", (GOOD_SET,), RIGHT)
MARGIN_MS = 250


def found(topology: Topology) -> list[tuple[Severity, str, str, str]]:
    """Severity, name, setting and value of each finding."""
    findings = database_findings(topology, clock_margin_ms=MARGIN_MS)
    return [(finding.severity, finding.name, finding.setting, finding.value) for finding in findings]


def of_set(**fields: int | bool) -> Topology:
    """A database whose replica set differs in these fields."""
    return replace(GOOD, sets=(replace(GOOD_SET, **fields),))  # type: ignore[arg-type]  # by name


def ahead(offset_ms: float, error_ms: float) -> Topology:
    """A database whose clock is ahead of this machine's."""
    return replace(GOOD, clock=ClockOffset(timedelta(milliseconds=offset_ms), timedelta(milliseconds=error_ms)))


def router(*version: int) -> Topology:
    """A sharded cluster of this version."""
    return replace(GOOD, kind="router", version=version)


@pytest.mark.parametrize(
    ("topology", "expected"),
    [
        (GOOD, []),
        (replace(GOOD, default_write_concern={"w": "majority"}), []),
        (
            Topology("standalone", (), RIGHT),
            [("breaks the promise", "mongodb", "replica set", "none")],
        ),
        (of_set(voting=1), [("note", "rs0", "voting nodes", "1")]),
        (of_set(arbiters=1), [("weakens it", "rs0", "arbiters", "1")]),
        (
            of_set(is_journaled=False),
            [("weakens it", "rs0", "writeConcernMajorityJournalDefault", "false")],
        ),
        (
            replace(GOOD, default_write_concern={"w": 1}),
            [("note", "mongodb", "default write concern", "w: 1")],
        ),
        (
            replace(GOOD, refused=("replSetGetConfig",)),
            [("note", "mongodb", "replSetGetConfig", "refused")],
        ),
        (router(4, 4, 6), []),
        (router(5, 0, 9), [("breaks the promise", "mongodb", EARLY_COMMITS, "unknown")]),
        (router(6, 0, 1), [("breaks the promise", "mongodb", EARLY_COMMITS, "unknown")]),
        (router(7, 0, 0), []),
        (replace(GOOD, version=(5, 0, 9)), []),
        (
            Topology("router", (ReplicaSet("a", 3), ReplicaSet("b", 1)), RIGHT),
            [("note", "b", "voting nodes", "1")],
        ),
    ],
)
def test_each_setting_is_judged_by_itself(topology: Topology, expected: list[tuple[Severity, str, str, str]]) -> None:
    """Of a sharded cluster, each shard is judged as a replica set."""
    assert expected == found(topology)


def test_a_clock_is_judged_by_what_is_certain() -> None:
    """A slow answer proves nothing about a clock; the finding has the error of the measurement."""
    assert [] == found(ahead(400, 200))
    expected = ("weakens it", "mongodb", "clock ahead of this machine")
    assert [(*expected, "400 ms (± 20)")] == found(ahead(400, 20))
    assert [(*expected, "-3000 ms (± 20)")] == found(ahead(-3000, 20))
