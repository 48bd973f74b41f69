"""Reply topics that fail: whatever is wrong with them, the partition goes on, and results and events are complete."""

from contextlib import suppress

import pytest

from producers.reply_refusal import REFUSED_FOR_S
from schemas.errors import EmitFailed
from schemas.observation.requests import BatchReport, ReplyTopicUnusable, ReplyTopicUsable
from schemas.topics import RESERVE, RESULTS
from tests.fakes.builders import NOW, TOPICS, a_reserve, header
from tests.fakes.kafka import Source
from tests.fakes.serving import SOURCE, ServedPartition

TRIES_MAX = 40


def asking(count: int = 2) -> ServedPartition:
    """Requests that all want a copy."""
    return ServedPartition(*(a_reserve(request_id=f"r-{number}").to_json() for number in range(count)))


def ask(bench: ServedPartition, request_id: str) -> None:
    """One request more that wants a copy."""
    bench.kafka.send(
        bench.source, a_reserve(request_id=request_id).to_json(), NOW, headers=(("reply-topic", b"answers"),)
    )


def tries_until_served(bench: ServedPartition) -> int:
    """Batches that failed before the one that went all the way, as the partition's loop repeats them."""
    for tries in range(TRIES_MAX):
        try:
            bench.serve()
        except EmitFailed:
            continue
        return tries
    pytest.fail("the partition is stuck")


def test_after_a_failure_reply_topics_are_looked_up_anew() -> None:
    """One that is gone fails a batch once, and not for ever."""
    bench = asking()
    bench.emitter.refused, bench.reply_partitions = frozenset({"answers"}), 1

    with pytest.raises(EmitFailed):
        bench.serve()
    bench.reply_partitions = 0
    bench.serve()

    assert [] == bench.visible("answers")
    assert [b"answers"] * 2 == [header(record, "reply-refused") for record in bench.visible()]


def test_a_reply_topic_that_is_named_is_left_out_after_two_failures() -> None:
    """Each result says so, and the observer gets the topic's name."""
    bench = asking()
    bench.emitter.refused = frozenset({"answers"})

    assert 2 == tries_until_served(bench)

    assert ["reserved", "reserved"] == bench.outcomes()
    assert [b"answers"] * 2 == [header(record, "reply-refused") for record in bench.visible()]
    assert [ReplyTopicUnusable("answers", "failing")] == bench.observer.of(ReplyTopicUnusable)
    assert 2 == bench.observer.of(BatchReport)[0].replies_refused


def test_a_partition_whose_copies_fail_goes_on_though_those_of_others_get_through() -> None:
    """A topic may fail for some senders only: each partition counts its own failures in a row."""
    failing = asking()
    failing.emitter.refused = frozenset({"answers"})
    healthy = ServedPartition(beside=failing, source=Source(RESERVE.name, 1))

    for tries in range(TRIES_MAX):
        ask(healthy, f"h-{tries}")
        healthy.serve()
        with suppress(EmitFailed):
            failing.serve()
            break

    assert (2, ["reserved", "reserved"]) == (tries, failing.outcomes())
    assert [b"answers"] * 2 == [header(record, "reply-refused") for record in failing.visible()]
    assert tries + 1 == len(healthy.visible("answers"))
    assert [ReplyTopicUnusable("answers", "failing")] == failing.observer.of(ReplyTopicUnusable)


def test_the_metric_shows_a_topic_that_one_partition_leaves_out() -> None:
    """Copies of other partitions do not make it usable again before that one has tried it."""
    failing = asking()
    failing.emitter.refused = frozenset({"answers"})
    healthy = ServedPartition(beside=failing, source=Source(RESERVE.name, 1))
    for _ in range(2):
        ask(healthy, "h-1")
        healthy.serve()
        with pytest.raises(EmitFailed):
            failing.serve()
    failing.serve()

    failing.clock_s.now += REFUSED_FOR_S - 1
    failing.replies.delivered(["answers"])
    assert [] == failing.observer.of(ReplyTopicUsable)
    assert [ReplyTopicUnusable("answers", "failing")] == failing.observer.of(ReplyTopicUnusable)

    failing.emitter.refused = frozenset()
    failing.clock_s.now += 1
    ask(failing, "r-9")
    failing.serve()
    assert [ReplyTopicUsable("answers")] == failing.observer.of(ReplyTopicUsable)
    assert 1 == len(failing.visible("answers"))


def test_the_next_batches_do_not_fail_for_it() -> None:
    """And it gets copies again once it takes them."""
    bench = asking()
    bench.emitter.refused = frozenset({"answers"})
    tries_until_served(bench)
    bench.kafka.send(SOURCE, a_reserve(request_id="r-8").to_json(), NOW, headers=(("reply-topic", b"answers"),))

    assert 0 == tries_until_served(bench)
    bench.emitter.refused = frozenset()
    bench.clock_s.now += 30
    bench.kafka.send(SOURCE, a_reserve(request_id="r-9").to_json(), NOW, headers=(("reply-topic", b"answers"),))
    assert 0 == tries_until_served(bench)

    assert 1 == len(bench.visible("answers"))
    assert [ReplyTopicUsable("answers")] == bench.observer.of(ReplyTopicUsable)


def test_a_reply_topic_that_nobody_names_is_found_by_leaving_it_out() -> None:
    """The last resort, when no error names the topic."""
    bench = asking()
    bench.emitter.refused, bench.emitter.says_which = frozenset({"answers"}), False

    assert 4 == tries_until_served(bench)

    assert ["reserved", "reserved"] == bench.outcomes()
    assert [ReplyTopicUnusable("answers", "suspected")] == bench.observer.of(ReplyTopicUnusable)


@pytest.mark.parametrize("says_which", [True, False])
def test_our_own_topics_are_waited_for(*, says_which: bool) -> None:
    """Nothing is dropped for them, and no reply topic is blamed, however long it takes and whatever is known."""
    bench = asking()
    bench.emitter.refused = frozenset({TOPICS.full(RESULTS)})
    bench.emitter.says_which = says_which
    for _ in range(3 * TRIES_MAX):
        with pytest.raises(EmitFailed):
            bench.serve()
    assert ([], []) == (bench.kafka.emissions, bench.observer.of(ReplyTopicUnusable))

    bench.emitter.refused = frozenset()
    assert 0 == tries_until_served(bench)

    assert (2, 2) == (len(bench.visible()), len(bench.visible("answers")))
