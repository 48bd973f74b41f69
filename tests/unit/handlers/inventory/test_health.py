"""What heartbeats say of roles and parts: seen in seconds, and without trust in any process's clock."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handlers.inventory.health import SESSION_S, SILENT_S, Beats
from schemas.health import Finding, Heartbeat, Wait
from schemas.observation.partitions import Part

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ASKS: dict[str, tuple[Part, ...]] = {"worker": ("mongo",), "expirer": ("mongo",), "importer": ("mongo", "s3")}


class Cluster:
    """Processes that send a heartbeat each second."""

    def __init__(self) -> None:
        self.beats = Beats()
        self.at = NOW
        self.running: dict[str, dict[Part, datetime]] = {}

    def start(self, *names: str) -> None:
        self.running |= {name: {} for name in names}

    def seconds(self, count: int) -> None:
        """Time passes; the inventory sends heartbeats too."""
        for _ in range(count):
            self.at += timedelta(seconds=1)
            for name in ("inventory", *self.running):
                self.beat(name)

    def beat(self, name: str, **more: Any) -> None:
        role = name.rstrip("0123456789")
        waits = tuple(Wait(part=part, since=since) for part, since in self.running.get(name, {}).items())
        about = {"role": role, "instance": name, "state": "running", "started_at": NOW, "at": NOW}
        self.beats.add(Heartbeat(**{**about, "asks": ASKS.get(role, ()), "waits": waits, **more}), self.at)

    def finding(self, subject: str) -> Finding:
        return next(found for found in self.beats.findings() if found.subject == subject)


@pytest.fixture
def cluster() -> Cluster:
    """All roles run, the worker twice."""
    cluster = Cluster()
    cluster.start("worker1", "worker2", "importer1", "expirer1")
    cluster.seconds(5)
    return cluster


def test_all_is_well(cluster: Cluster) -> None:
    """Every role and part is named, in the order of the strip."""
    found = cluster.beats.findings()

    assert ["worker", "importer", "expirer", "mongodb", "kafka", "s3"] == [one.subject for one in found]
    assert {"ok"} == {one.state for one in found}
    assert ("2 running", 2, 1) == (found[0].detail, found[0].processes, found[5].processes)


def test_a_role_that_is_killed_is_gone_since_its_last_heartbeat(cluster: Cluster) -> None:
    """In less than the five seconds that are promised."""
    last = cluster.at
    del cluster.running["importer1"]
    cluster.seconds(int(SILENT_S) + 1)

    assert ("gone", last, 0) == (
        cluster.finding("importer").state,
        cluster.finding("importer").since,
        cluster.finding("importer").processes,
    )
    assert "ended without a stop" in cluster.finding("importer").detail
    assert "unknown" == cluster.finding("s3").state


def test_a_role_that_was_stopped_is_gone_too(cluster: Cluster) -> None:
    """At once: nobody serves any more. The words are others."""
    del cluster.running["expirer1"]
    cluster.beat("expirer1", state="stopped")

    assert ("gone", "no process runs: the last one stopped") == cluster.finding("expirer")[1:3]


def test_one_of_two_that_is_killed_makes_the_role_wait(cluster: Cluster) -> None:
    """No longer than the group keeps its partitions: then nothing waits for it."""
    last = cluster.at
    del cluster.running["worker2"]
    cluster.seconds(int(SESSION_S) - 1)
    lost = cluster.finding("worker")
    cluster.seconds(1)

    assert ("waiting", "1 running; 1 ended without a stop", last) == lost[1:4]
    assert ("ok", "1 running") == cluster.finding("worker")[1:3]


def test_a_killed_process_that_is_replaced_makes_the_role_wait_for_its_session_only(cluster: Cluster) -> None:
    """Not for a minute; where sessions are longer, its partitions are kept, and their records wait, for longer."""
    patient = Cluster()
    patient.beats.session_s = 4 * SESSION_S
    for deployment in (cluster, patient):
        deployment.start("worker1", "importer1")
        deployment.seconds(5)
        del deployment.running["importer1"]
        deployment.start("importer2")
        deployment.seconds(int(SESSION_S))

    assert ("ok", "1 running") == cluster.finding("importer")[1:3]
    assert ("waiting", "1 running; 1 ended without a stop") == patient.finding("importer")[1:3]


def test_a_process_that_was_stopped_leaves_no_gap(cluster: Cluster) -> None:
    """A scale-down is no fault."""
    del cluster.running["worker2"]
    cluster.beat("worker2", state="stopped")
    cluster.seconds(5)

    assert ("ok", "1 running") == cluster.finding("worker")[1:3]


def test_a_database_that_answers_nobody_is_gone(cluster: Cluster) -> None:
    """Since the first process noticed; the roles that need it wait for it."""
    for number, name in enumerate(cluster.running):
        cluster.running[name]["mongo"] = cluster.at + timedelta(milliseconds=number)
    began = cluster.at
    cluster.seconds(1)

    assert ("gone", "no answer", began) == cluster.finding("mongodb")[1:4]
    assert ("waiting", "2 running; waits for MongoDB", began) == cluster.finding("worker")[1:4]
    assert "ok" == cluster.finding("s3").state


def test_a_database_that_answers_some_makes_others_wait(cluster: Cluster) -> None:
    """A broken line of one machine is no broken database."""
    cluster.running["worker1"]["mongo"] = cluster.at
    cluster.seconds(1)

    assert ("waiting", "no answer to 1 of 4") == cluster.finding("mongodb")[1:3]


def test_an_outage_of_kafka_makes_no_role_gone(cluster: Cluster) -> None:
    """Heartbeats that could not be sent say nothing; after it each process has its full time."""
    cluster.at += timedelta(seconds=60)
    cluster.beat("inventory")

    assert {"ok"} == {found.state for found in cluster.beats.findings()}
    cluster.running = {}
    cluster.seconds(int(SILENT_S) + 1)
    assert "gone" == cluster.finding("worker").state


def test_a_role_that_was_never_seen_is_gone_after_its_time() -> None:
    """Not in the moment in which the inventory starts."""
    cluster = Cluster()
    cluster.seconds(1)
    at_first = cluster.finding("worker")
    cluster.seconds(int(SILENT_S) + 1)

    assert ("unknown", None) == (at_first.state, at_first.since)
    assert ("gone", "no process runs") == cluster.finding("worker")[1:3]


def test_an_older_heartbeat_changes_nothing(cluster: Cluster) -> None:
    """The topic is read again after an outage."""
    before = cluster.beats.findings()
    cluster.running["worker1"]["mongo"] = NOW
    late, cluster.at = cluster.at, cluster.at - timedelta(seconds=2)
    cluster.beat("worker1")
    cluster.at = late

    assert before == cluster.beats.findings()


def test_ended_processes_are_forgotten() -> None:
    """A process's id is new at each start: a year of restarts takes no memory."""
    cluster = Cluster()
    for number in range(50):
        cluster.beat(f"worker{number}")
        cluster.at += timedelta(seconds=SESSION_S)

    assert len(cluster.beats.seen) <= 2
