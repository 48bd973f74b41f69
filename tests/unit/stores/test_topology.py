"""What is read from the answers of a database's nodes."""

from datetime import UTC, datetime, timedelta

from stores.mongo.topology import (
    ClockOffset,
    ReplicaSet,
    clock_offset,
    explicit_default,
    kind_of,
    set_of,
    set_of_hello,
    shard_of,
)

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_the_kind_is_in_the_answer_to_hello() -> None:
    """Routers have a message of their own, members the name of their set."""
    answers: list[dict[str, str]] = [{"msg": "isdbgrid"}, {"setName": "rs0"}, {}]

    assert ["router", "replica set", "standalone"] == [kind_of(answer) for answer in answers]


def test_the_configuration_has_votes_that_clients_do_not_see() -> None:
    """A hidden member may vote; one without a vote counts for nothing."""
    data, hidden, arbiter, silent = {"votes": 1}, {"votes": 1, "hidden": True}, {"arbiterOnly": True}, {"votes": 0}
    config = {
        "_id": "rs0",
        "members": [data, hidden, arbiter, silent],
        "writeConcernMajorityJournalDefault": False,
    }

    assert ReplicaSet("rs0", voting=3, arbiters=1, is_journaled=False) == set_of(config)


def test_without_the_right_to_the_configuration_members_are_counted_as_clients_see_them() -> None:
    """Every user may send `hello`."""
    hello = {"setName": "rs0", "hosts": ["a", "b"], "passives": ["c"], "arbiters": ["d"]}

    assert ReplicaSet("rs0", voting=4, arbiters=1) == set_of_hello(hello)
    assert ReplicaSet("sh1", voting=2) == shard_of("sh1/a:1,b:1")


def test_a_clock_is_known_as_exactly_as_the_round_trip_is_short() -> None:
    """The server read it somewhere between the question and the answer."""
    took = timedelta(milliseconds=40)
    offset = clock_offset(NOON, took, NOON + timedelta(seconds=1))

    assert ClockOffset(timedelta(milliseconds=980), timedelta(milliseconds=21)) == offset
    assert timedelta(milliseconds=959) == offset.certain
    assert timedelta() == clock_offset(NOON, took, NOON).certain


def test_a_servers_own_default_write_concern_was_set_by_nobody() -> None:
    """Servers before 5.0 report none; later ones say where theirs comes from."""
    own: dict[str, object] = {"defaultWriteConcern": {"w": "majority"}, "defaultWriteConcernSource": "implicit"}
    somebodys: dict[str, object] = {"defaultWriteConcern": {"w": 1}, "defaultWriteConcernSource": "global"}

    expected = [None, None, {"w": 1}, {"w": 1}]
    answers: list[dict[str, object]] = [{}, own, somebodys, {"defaultWriteConcern": {"w": 1}}]
    assert expected == [explicit_default(answer) for answer in answers]
