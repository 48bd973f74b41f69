"""What all partitions of an importer share."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from consumers.loop.failpoints import Failpoint
from consumers.loop.tracing import UNTRACED, Tracer
from schemas.clock import utc_now
from schemas.observation.fact import Observer
from schemas.settings import ImporterSettings, WorkerSettings
from schemas.topics import Topics
from schemas.wire_format import RegistryFormat
from stores.import_port import ObjectStore


@dataclass(frozen=True, slots=True)
class ImporterContext:
    """Names, limits, the observer, and S3."""

    topics: Topics
    group: str
    limits: WorkerSettings
    settings: ImporterSettings
    observer: Observer
    failpoint: Failpoint
    objects: ObjectStore
    clock: Callable[[], datetime] = utc_now
    tracer: Tracer = UNTRACED
    formats: Collection[RegistryFormat] = ()
    """Of commands' values, besides plain JSON."""

    @property
    def backoff_max_s(self) -> float:
        """Longest wait between two tries, seconds."""
        return self.limits.backoff_max_ms / 1000
