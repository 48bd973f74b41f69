"""What all partitions of a worker share.

Out: `WorkerContext`.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime

from consumers.loop.failpoints import Failpoint
from consumers.loop.retry import RetryPolicy
from consumers.loop.tracing import UNTRACED, Tracer
from consumers.worker.authorizing import Authorizer
from consumers.worker.breaker import Breakers
from producers.reply_topics import ReplyTopics
from schemas.clock import utc_now
from schemas.observation.fact import Observer
from schemas.settings import WorkerSettings
from schemas.topics import Topics
from schemas.wire_format import RegistryFormat


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """Made once a process."""

    topics: Topics
    group: str
    limits: WorkerSettings
    observer: Observer
    failpoint: Failpoint
    replies: ReplyTopics
    clock: Callable[[], datetime] = utc_now
    tracer: Tracer = UNTRACED
    authorizer: Authorizer | None = None
    """None: requests need no token."""
    breakers: Breakers = field(default_factory=lambda: Breakers(limit=0))
    formats: Collection[RegistryFormat] = ()
    """Of requests' values, besides plain JSON."""

    @property
    def mongo_retries(self) -> RetryPolicy:
        """How whatever MongoDB is asked is retried."""
        return RetryPolicy("mongo", self.observer, self.limits.backoff_max_ms / 1000)

    @property
    def key_retries(self) -> RetryPolicy:
        """How a check of tokens is retried while their keys are unavailable."""
        return RetryPolicy("keys", self.observer, self.limits.backoff_max_ms / 1000)
