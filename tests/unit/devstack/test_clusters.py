"""Stacks of several nodes, without starting any: their names, addresses, settings and commands."""

import os
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

import devstack
from devstack.database_cluster import prepare_cluster
from devstack.errors import PartMissingError, StackError
from devstack.folder import Layout
from devstack.joining import Sizes, check_joinable
from devstack.kafka_settings import properties
from devstack.node_ports import ports_of
from devstack.replica_set import config_of
from devstack.shape import Shape
from devstack.state import State, StateFile
from tests.unit.devstack.recorded import record_all, record_cluster


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the environment names, and a PATH with nothing on it."""
    monkeypatch.setenv("CODES_DEV_DIR", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CODES_DEV_DATABASE", raising=False)
    return tmp_path


@pytest.mark.parametrize("sizes", [{"brokers": 3}, {"database_nodes": 3}, {"database_shards": 2}])
def test_a_running_stack_of_another_size_is_not_joined(folder: Path, sizes: Sizes) -> None:
    """The message has the options of both, and what to do."""
    record_all(folder)

    with pytest.raises(StackError, match=r"runs with --brokers 1 .*, not with --.*; stop it first: codes dev down"):
        devstack.up(**sizes)


def test_a_cluster_is_addressed_by_all_its_nodes(folder: Path) -> None:
    """Clients get every broker and every member, and so outlive the loss of one."""
    record_cluster(folder, Shape(brokers=2, database_nodes=2))

    stack = devstack.current()

    assert stack is not None
    assert "127.0.0.1:20001,127.0.0.1:20002" == stack.environment()["CODES_KAFKA__BOOTSTRAP_SERVERS"]
    assert "mongodb://127.0.0.1:20003,127.0.0.1:20004/?replicaSet=codes" == stack.environment()["CODES_MONGO__URI"]
    assert "mongod" == stack.database


def test_a_sharded_cluster_is_addressed_by_its_router(folder: Path) -> None:
    """Clients know neither the shards nor the config server."""
    record_cluster(folder, Shape(database_shards=2))

    stack = devstack.current()

    assert stack is not None
    assert "mongodb://127.0.0.1:20005/" == stack.environment()["CODES_MONGO__URI"]


def test_up_without_options_restarts_the_cluster_that_died(folder: Path) -> None:
    """An option that is left out keeps what the stack has; after `down` there is nothing to keep."""
    record_cluster(folder, Shape(brokers=3), born_at=1.0)
    file = StateFile(folder / "state.json")

    assert Shape(brokers=3, database_shards=2) == check_joinable(file, {"brokers": None, "database_shards": 2})
    devstack.down(folder)
    assert Shape() == check_joinable(file, {})


def test_programs_see_each_node(folder: Path) -> None:
    """With name, kind, process, port and log, in the order of the shape; `status` has the same and more."""
    record_cluster(folder, Shape(database_nodes=2, database_shards=1))

    seen = [(node.name, node.kind, node.port) for node in devstack.nodes()]

    assert [
        ("kafka", "kafka", 20_001),
        ("config", "config", 20_002),
        ("shard-1-1", "shard", 20_003),
        ("shard-1-2", "shard", 20_004),
        ("router", "router", 20_005),
        ("s3", "s3", 20_006),
    ] == seen
    assert {os.getpid()} == {node.pid for node in devstack.nodes()}
    assert [name for name, _, _ in seen] == [node.name for node in devstack.status()]


def test_a_node_that_runs_or_never_ran_is_not_started(folder: Path) -> None:
    """The message names the nodes that there are."""
    record_all(folder)

    with pytest.raises(StackError, match="kafka runs already"):
        devstack.start_node("kafka")
    with pytest.raises(StackError, match="no node 'kafka-2'; it has started kafka, database, s3"):
        devstack.start_node("kafka-2")


def test_three_brokers_keep_three_copies() -> None:
    """Two of them are enough to write, so a topic survives the loss of one; all vote."""
    ports = [{"broker": 20_001 + number, "controller": 20_011 + number} for number in range(3)]
    settings = dict(line.split("=", 1) for line in properties(2, ports).splitlines())

    assert ("2", "3", "2") == (
        settings["node.id"],
        settings["default.replication.factor"],
        settings["min.insync.replicas"],
    )
    assert "BROKER://127.0.0.1:20002" == settings["advertised.listeners"]
    assert "1@127.0.0.1:20011,2@127.0.0.1:20012,3@127.0.0.1:20013" == settings["controller.quorum.voters"]


def test_a_set_has_all_members_and_elects_soon() -> None:
    """A member is known by its address."""
    config = config_of("codes", [20_001, 20_002, 20_003])

    assert ["127.0.0.1:20001", "127.0.0.1:20002", "127.0.0.1:20003"] == [m["host"] for m in config["members"]]
    assert 4_000 == config["settings"]["electionTimeoutMillis"]


@pytest.mark.parametrize(
    ("shape", "programs", "missing"),
    [
        (Shape(database_nodes=3), [], "needs mongod on the PATH; the embedded server has one node"),
        (Shape(database_shards=2), ["mongod"], "needs mongos on the PATH"),
    ],
)
def test_a_missing_program_is_named(folder: Path, shape: Shape, programs: Sequence[str], missing: str) -> None:
    """No embedded server stands in for a cluster, and nothing is created."""
    for program in programs:
        (folder / program).write_text("#!/bin/sh\n")
        (folder / program).chmod(0o755)
    ports = {node: {"server": 20_001} for node in shape.nodes_of("database")}

    with pytest.raises(PartMissingError, match=missing):
        prepare_cluster(Layout(folder), ports, lambda _: None)
    assert not (folder / "data").exists()


def test_a_forced_engine_of_one_node_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the variable."""
    monkeypatch.setenv("CODES_DEV_DATABASE", "secantusd-rs")
    ports = {node: {"server": 20_001} for node in Shape(database_nodes=3).nodes_of("database")}

    with pytest.raises(PartMissingError, match="CODES_DEV_DATABASE asks for secantusd-rs, which has one node"):
        prepare_cluster(Layout(folder), ports, lambda _: None)


def test_a_cluster_does_not_change_its_ports() -> None:
    """The other nodes have them in their data, so a port that another program took is named."""
    first = ports_of("kafka", ["broker"], ["kafka-1", "kafka-2"], State(shape=Shape(brokers=2)))
    state = State(shape=Shape(brokers=2), ports=first)
    with socket.create_server(("127.0.0.1", first["kafka-2"]["broker"])):
        kept = ports_of("kafka", ["broker"], ["kafka-1"], state)
        with pytest.raises(StackError, match=f"port {first['kafka-2']['broker']} of kafka-2 is in use"):
            ports_of("kafka", ["broker"], ["kafka-1", "kafka-2"], state)

    assert first == kept
