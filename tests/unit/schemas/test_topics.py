"""Topics: the contract's table."""

from schemas.topics import ALL_TOPICS, DEAD_LETTERS, OPERATIONS, RESERVE, Topics


def test_the_topics_are_the_contracts() -> None:
    """Names and partitions, none more and none less."""
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


def test_what_comes_in_is_stamped_by_the_broker() -> None:
    """An expiry is judged by that time."""
    incoming = {topic.name for topic in ALL_TOPICS if "message.timestamp.type" in topic.config}

    assert {*OPERATIONS, "import.commands.v1"} == incoming
    assert RESERVE.config["message.timestamp.type"] == "LogAppendTime"


def test_a_dead_letter_may_be_larger_than_any_record_in() -> None:
    """It is that record, and more headers."""
    largest = max(int(topic.config["max.message.bytes"]) for topic in ALL_TOPICS if topic.name in OPERATIONS)

    assert largest < int(DEAD_LETTERS.config["max.message.bytes"])


def test_a_prefix_stands_before_each_name() -> None:
    """And comes off again, once; an empty one does nothing."""
    assert Topics("x.").full(RESERVE) == "x.reserve.requests.v1"
    assert Topics("x.").bare("x.x.results.v1") == "x.results.v1"
    assert Topics("").full(RESERVE) == Topics("").bare("reserve.requests.v1")
