"""Which reply topics get copies, as the broker and the sending say: looked up, aged, refused, and tried again."""

from producers.reply_refusal import REFUSED_FOR_S, REFUSED_FOR_S_MAX
from producers.reply_topics import LOOKED_UP_FOR_S, ReplyTopics
from schemas.observation.requests import ReplyTopicUnusable, ReplyTopicUsable
from schemas.records import Headers, IncomingRecord
from tests.fakes.builders import a_record
from tests.fakes.observer import ObservedFacts
from tests.fakes.time import run


class LookedUpTopics:
    """A broker that says how many partitions a topic has, or nothing; and a clock."""

    def __init__(self, *allowed: str, **topics: int | None) -> None:
        self.topics = topics
        self.asked: list[str] = []
        self.now_s = 1_000.0
        self.observer = ObservedFacts()
        self.replies = ReplyTopics(allowed, self.look_up, self.observer, lambda: self.now_s)

    async def look_up(self, name: str) -> int | None:
        """0: there is no such topic."""
        self.asked.append(name)
        return self.topics.get(name, 0)

    def partitions(self, *names: str) -> dict[str, int]:
        """Of what may have copies now, when records name these topics."""
        return dict(run(self.replies.partitions_of(naming(*names))))


def naming(*names: str) -> list[IncomingRecord]:
    """Records that name reply topics."""
    headers: list[Headers] = [(("reply-topic", name.encode()),) for name in names]
    return [a_record(b"", headers=record_headers) for record_headers in headers]


def test_only_allowed_topics_are_asked_for_and_once() -> None:
    """However many records name them."""
    bench = LookedUpTopics("answers", answers=3, others=1)

    for _ in range(2):
        assert {"answers": 3} == bench.partitions("answers", "others", "answers")
    assert ["answers"] == bench.asked


def test_without_an_allowed_topic_nothing_is_asked() -> None:
    """The usual case costs nothing."""
    bench = LookedUpTopics(answers=3)

    assert {} == bench.partitions("answers")
    assert [] == bench.asked


def test_a_topic_that_is_missing_is_asked_for_again_later() -> None:
    """Not with every batch, and not never; and it is said once that it is missing, and once that it is there."""
    bench = LookedUpTopics("answers")

    assert {} == bench.partitions("answers")
    bench.topics["answers"] = 2
    bench.now_s += LOOKED_UP_FOR_S - 1
    assert {} == bench.partitions("answers")
    bench.now_s += 1
    assert {"answers": 2} == bench.partitions("answers")
    assert 2 == len(bench.asked)
    assert [ReplyTopicUnusable("answers", "missing"), ReplyTopicUsable("answers")] == bench.observer


def test_what_is_known_of_a_topic_ages() -> None:
    """Partitions that are added are found, and so is that it was deleted, without any failure."""
    bench = LookedUpTopics("answers", answers=1)

    assert {"answers": 1} == bench.partitions("answers")
    bench.topics["answers"] = 6
    bench.now_s += LOOKED_UP_FOR_S
    assert {"answers": 6} == bench.partitions("answers")
    bench.topics["answers"] = 0
    bench.now_s += LOOKED_UP_FOR_S
    assert {} == bench.partitions("answers")


def test_a_broker_that_does_not_say_changes_nothing() -> None:
    """A slow look-up must not cost anybody the copy."""
    bench = LookedUpTopics("answers", answers=3)

    assert {"answers": 3} == bench.partitions("answers")
    bench.topics["answers"] = None
    bench.now_s += LOOKED_UP_FOR_S
    assert {"answers": 3} == bench.partitions("answers")


def test_a_topic_that_fails_is_looked_up_anew() -> None:
    """It may be gone."""
    bench = LookedUpTopics("answers", answers=3)
    bench.partitions("answers")
    bench.topics["answers"] = 0

    bench.replies.failed(["answers"])

    assert {} == bench.partitions("answers")


def test_a_topic_that_fails_twice_in_a_row_is_refused_for_a_while() -> None:
    """Once may be a broker's restart. Then one batch tries it, and the others wait for how that goes."""
    bench = LookedUpTopics("answers", answers=3)
    for _ in range(2):
        assert {"answers": 3} == bench.partitions("answers")
        bench.replies.failed(["answers"])

    assert {} == bench.partitions("answers")
    assert [ReplyTopicUnusable("answers", "failing")] == bench.observer.of(ReplyTopicUnusable)
    bench.now_s += REFUSED_FOR_S
    assert {"answers": 3} == bench.partitions("answers")
    assert {} == bench.partitions("answers")
    bench.replies.delivered(["answers"])
    assert {"answers": 3} == bench.partitions("answers")
    assert [ReplyTopicUsable("answers")] == bench.observer.of(ReplyTopicUsable)


def test_a_failure_between_two_that_got_through_refuses_nothing() -> None:
    """Only failures in a row count."""
    bench = LookedUpTopics("answers", answers=3)
    for _ in range(5):
        bench.replies.failed(["answers"])
        bench.replies.delivered(["answers"])

    assert {"answers": 3} == bench.partitions("answers")


def test_each_failed_try_makes_the_while_longer_up_to_a_limit() -> None:
    """Batches of other partitions that were under way and fail with it do not."""
    bench = LookedUpTopics("answers", answers=3)
    for _ in range(20):
        bench.replies.failed(["answers"])
    expected_s = REFUSED_FOR_S

    for _ in range(8):
        bench.now_s += expected_s - 1
        assert {} == bench.partitions("answers")
        bench.now_s += 1
        assert {"answers": 3} == bench.partitions("answers")
        bench.replies.failed(["answers"])
        expected_s = min(expected_s * 2, REFUSED_FOR_S_MAX)


def test_a_suspected_topic_is_refused_at_once() -> None:
    """It took several failures to suspect it."""
    bench = LookedUpTopics("answers", answers=3)

    bench.replies.failed(["answers"], "suspected")

    assert {} == bench.partitions("answers")
    assert [ReplyTopicUnusable("answers", "suspected")] == bench.observer.of(ReplyTopicUnusable)
