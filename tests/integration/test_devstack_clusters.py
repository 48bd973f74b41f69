"""Databases of several nodes in the local stack: a replica set, and a sharded cluster with its router."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.write_concern import WriteConcern

import devstack
from devstack.addresses import database_uri, direct_uri
from devstack.shape import Shape
from tests.integration.clusters import a_cluster, killed, nodes_by_name, primary_of
from tests.integration.stack_folder import running_below

pytestmark = pytest.mark.integration

ALL_MEMBERS = WriteConcern(w=3, wtimeout=30_000)
MAJORITY = WriteConcern(w="majority", wtimeout=30_000)
DOCUMENTS = 200

Client = MongoClient[dict[str, Any]]


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for one cluster."""
    monkeypatch.delenv("CODES_DEV_DATABASE", raising=False)
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture
def replica_set(folder: Path) -> Iterator[Path]:
    """The folder of a replica set of three."""
    with a_cluster(folder, "database", Shape(database_nodes=3)):
        yield folder


@pytest.fixture
def sharded(folder: Path) -> Iterator[Path]:
    """The folder of a cluster of two shards."""
    with a_cluster(folder, "database", Shape(database_shards=2)):
        yield folder


@pytest.mark.thorough
def test_a_majority_writes_after_the_primary_was_killed(replica_set: Path) -> None:
    """Another member is elected. The killed one is started again, on its port, and gets every write."""
    with client_of(replica_set) as client:
        notes = notes_of(client)
        notes.with_options(write_concern=MAJORITY).insert_one({"_id": "before"})
        former = primary_of(replica_set, client)
        killed(replica_set, former)
        notes.with_options(write_concern=MAJORITY).insert_one({"_id": "after"})

        assert former.name != primary_of(replica_set, client).name
        assert former.port == devstack.start_node(former.name, replica_set).port
        notes.with_options(write_concern=ALL_MEMBERS).insert_one({"_id": "at last"})
        assert ["before", "after", "at last"] == [note["_id"] for note in notes.find()]


def test_documents_are_on_both_shards(sharded: Path) -> None:
    """The router spreads them, also inside a transaction, and knows the shards again after it was killed."""
    with client_of(sharded) as client:
        client.admin.command("enableSharding", "greetings")
        client.admin.command("shardCollection", "greetings.notes", key={"_id": "hashed"})
        with client.start_session() as session, session.start_transaction():
            notes_of(client).insert_many([{"_id": number} for number in range(DOCUMENTS)], session=session)

        counts = [count_on(sharded, shard) for shard in ("shard-1", "shard-2")]
        assert DOCUMENTS == sum(counts)
        assert 0 not in counts
        killed(sharded, nodes_by_name(sharded)["router"])
        devstack.start_node("router", sharded)
        assert DOCUMENTS == notes_of(client).count_documents({})


def test_down_ends_what_a_kill_left(sharded: Path) -> None:
    """The killed node is shown as dead; `down` stops all others, and forgets all."""
    killed(sharded, nodes_by_name(sharded)["shard-2"])

    dead = [node.name for node in devstack.status(sharded) if node.state == "dead"]
    assert ["shard-2"] == dead
    assert {"config", "shard-1", "router"} == set(devstack.down(sharded))
    assert [] == running_below(sharded)
    assert [] == devstack.nodes(sharded)


def client_of(folder: Path) -> Client:
    return MongoClient(database_uri({node.name: node.port for node in devstack.nodes(folder)}))


def notes_of(client: Client) -> Collection[dict[str, Any]]:
    return client["greetings"]["notes"]


def count_on(folder: Path, shard: str) -> int:
    """The number of documents that one shard has."""
    with MongoClient[dict[str, Any]](direct_uri(nodes_by_name(folder)[shard].port)) as client:
        return notes_of(client).count_documents({})
