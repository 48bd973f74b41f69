"""The topics are those of the contract's table."""

from schemas.topics import (
    ALL_TOPICS,
    ATTENTION,
    DEAD_LETTERS,
    DEAD_LETTERS_REPLAYED,
    HEALTH,
    OPERATIONS,
    RESERVE,
    SERVICE_TOPICS,
    Topics,
)


def test_the_topics_are_the_contracts() -> None:
    """Same names and partitions, no more and no fewer topics."""
    assert {
        "reserve.requests.v1": 8,
        "assign.requests.v1": 8,
        "release.requests.v1": 8,
        "import.commands.v1": 4,
        "results.v1": 8,
        "assigned.v1": 8,
        "inventory.v1": 8,
        "imports.v1": 4,
        "stock-alerts.v1": 1,
        "dead-letters.v1": 8,
    } == {topic.name: topic.partitions for topic in ALL_TOPICS}


def test_topics_that_only_the_service_uses_are_not_in_the_contract() -> None:
    """But they are created, and somebody has rights on them."""
    assert (*ALL_TOPICS, DEAD_LETTERS_REPLAYED, HEALTH, ATTENTION) == SERVICE_TOPICS
    assert ("dead-letters-replayed.v1", 1) == (DEAD_LETTERS_REPLAYED.name, DEAD_LETTERS_REPLAYED.partitions)


def test_the_broker_sets_the_timestamp_of_incoming_records() -> None:
    """Whether a reservation has expired is judged by that time."""
    incoming = {topic.name for topic in ALL_TOPICS if "message.timestamp.type" in topic.config}

    assert {*OPERATIONS, "import.commands.v1"} == incoming
    assert RESERVE.config["message.timestamp.type"] == "LogAppendTime"


def test_a_dead_letter_may_be_larger_than_any_record_in() -> None:
    """It holds that record, and more headers."""
    largest = max(int(topic.config["max.message.bytes"]) for topic in ALL_TOPICS if topic.name in OPERATIONS)

    assert largest < int(DEAD_LETTERS.config["max.message.bytes"])


def test_a_prefix_is_added_to_each_name() -> None:
    """It is removed only once; an empty prefix changes nothing."""
    assert Topics("x.").full(RESERVE) == "x.reserve.requests.v1"
    assert Topics("x.").bare("x.x.results.v1") == "x.results.v1"
    assert Topics("").full(RESERVE) == Topics("").bare("reserve.requests.v1")
