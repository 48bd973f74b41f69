"""Judges the database's topology, its defaults and its clock.

In:       what the nodes say about themselves.
Out:      findings.
Promise:  a pure function: nothing is read or changed here. What the user may not read is a note, and is not judged.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from schemas.findings import Finding, Severity
from stores.mongo.topology import ReplicaSet, Topology

VOTING_WANTED: Final = 3
EARLY_COMMITS: Final = "coordinateCommitReturnImmediatelyAfterPersistingDecision"
EARLY_SINCE, EARLY_UNTIL = (5, 0), (6, 1)
"""Versions in which the parameter exists and is true by default; before, a commit waited for all shards."""
NODES: Final = "three data-bearing nodes in three zones in production"


def database_findings(topology: Topology, *, clock_margin_ms: int) -> list[Finding]:
    """All findings about the database."""
    found = [*_standalone(topology), *_refused(topology), *_early_commits(topology)]
    for replica_set in topology.sets:
        found += [*_members(replica_set), *_arbiter(replica_set), *_journal(replica_set)]
    return [*found, *_default_write_concern(topology), *_clock(topology, timedelta(milliseconds=clock_margin_ms))]


def _finding(severity: Severity, setting: str, value: str, why: str, remedy: str, name: str = "mongodb") -> Finding:
    return Finding(severity, "database", name, setting, value, why, remedy)


def _standalone(topology: Topology) -> Iterator[Finding]:
    if topology.kind == "standalone":
        why = "the server has no transactions, so no request can be decided"
        yield _finding("breaks the promise", "replica set", "none", why, "a replica set, also for a single node")


def _refused(topology: Topology) -> Iterator[Finding]:
    for command in topology.refused:
        why = "the user may not run it, or the server does not have it, so its settings were not judged"
        yield _finding("note", command, "refused", why, "grant clusterMonitor to this user, or check by hand")


def _early_commits(topology: Topology) -> Iterator[Finding]:
    """A router cannot be asked for its shards' parameters, so the version decides."""
    if topology.kind == "router" and EARLY_SINCE <= topology.version[:2] < EARLY_UNTIL:
        version = ".".join(map(str, topology.version[:3]))
        why = (
            f"in {version} it may be true: then a commit is reported before all shards show it, and an assign that "
            "follows its reservation at once may be refused"
        )
        yield _finding("breaks the promise", EARLY_COMMITS, "unknown", why, "false on the mongod of every shard")


def _members(found: ReplicaSet) -> Iterator[Finding]:
    if found.voting < VOTING_WANTED:
        why = "a majority is every node: while one is unavailable nothing is written, and a lost disk may be the last"
        yield _finding("note", "voting nodes", str(found.voting), why, NODES, found.name)


def _arbiter(found: ReplicaSet) -> Iterator[Finding]:
    if found.arbiters:
        why = "it has no data: while another node is unavailable no majority confirms a write, and the service stops"
        remedy = "a node with data in place of the arbiter"
        yield _finding("weakens it", "arbiters", str(found.arbiters), why, remedy, found.name)


def _journal(found: ReplicaSet) -> Iterator[Finding]:
    if not found.is_journaled:
        why = "majority reads may return what is in no journal yet: facts that a power failure undoes"
        yield _finding("weakens it", "writeConcernMajorityJournalDefault", "false", why, "true", found.name)


def _default_write_concern(topology: Topology) -> Iterator[Finding]:
    default = topology.default_write_concern
    if default and default.get("w") != "majority":
        why = "the service sets its own; a write of any other client, such as a repair by hand, may be rolled back"
        yield _finding("note", "default write concern", f"w: {default.get('w')}", why, "w: majority")


def _clock(topology: Topology, margin: timedelta) -> Iterator[Finding]:
    clock = topology.clock
    if clock.certain <= margin:
        return
    ahead_ms, error_ms = (round(part / timedelta(milliseconds=1)) for part in (clock.ahead, clock.error))
    why = (
        "more than CODES_EXPIRER__CLOCK_MARGIN_MS: one of the two clocks is wrong. If it is this machine's, and a "
        "role's is the same, holds end too early or too late"
    )
    yield _finding("weakens it", "clock ahead of this machine", f"{ahead_ms} ms (± {error_ms})", why, "NTP on both")
