"""What all partitions of a worker share.

Out: `Surroundings`, `utc_now`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from consumers.failpoints import Failpoint
from consumers.observer import Observer
from consumers.tracing import UNTRACED, Tracer
from producers.reply_topics import ReplyTopics
from schemas.settings import WorkerSettings
from schemas.topics import Topics


def utc_now() -> datetime:
    """The time of a decision, where no test says another."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Made once a process."""

    topics: Topics
    group: str
    limits: WorkerSettings
    observer: Observer
    failpoint: Failpoint
    replies: ReplyTopics
    clock: Callable[[], datetime] = utc_now
    tracer: Tracer = UNTRACED
