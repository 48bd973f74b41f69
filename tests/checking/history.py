"""What one history left behind, as a checker is given it: by the simulator, or by a storm on real servers.

In:   everything that an outsider can read at the end: topics, collections, objects, committed offsets.
Out:  `History`. It names topics without their prefix, and groups without theirs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

INPUTS: Final = ("reserve.requests.v1", "assign.requests.v1", "release.requests.v1", "import.commands.v1")


@dataclass(frozen=True, slots=True)
class Logged:
    """A record on a topic.

    `seen_s`, in seconds of `History`: of an output, when a `read_committed` reader had it, not earlier than it was
    visible; of an input, when it was appended, not later than anybody could read it. None: `timestamp_ms` says it.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    seen_s: float | None = None


@dataclass(frozen=True, slots=True)
class History:
    """A history that has ended, and has been quiet since `last_fault_s`."""

    guarantee: str
    """`exactly_once` or `at_least_once`."""
    inputs: Sequence[Logged]
    """All records of the input topics, in the order of each partition.

    A batch that nobody can decompress or parse is one record at its last offset, whose value is the whole batch.
    """
    outputs: Sequence[Logged]
    """What a `read_committed` reader of the output topics got, in the order of each partition; repeats included."""
    documents: Mapping[str, Sequence[Mapping[str, Any]]]
    """All documents by collection."""
    committed: Mapping[tuple[str, str, int], int]
    """Committed offsets by group (`worker`, `importer`), topic and partition."""
    objects: Mapping[tuple[str, str], bytes] = field(default_factory=dict)
    """Objects by bucket and key: imported files and their reports."""
    began_ms: int = 0
    """Second 0, as the timestamps of records have it: milliseconds since 1970. 0: inputs with both times say it."""
    last_fault_s: float = 0.0
    """0.0: nothing was made to fail."""
    ended_s: float = 0.0
    answer_bound_s: float = 120.0
    """Longest time from the last fault, or from a request if that is later, to its answer."""
    tasks_left: Sequence[str] = ()
    """Tasks that outlived their process."""
    views: Mapping[str, Mapping[tuple[str, str, str], int]] = field(default_factory=dict)
    """What each inventory view shows at the end, by its name: counts by campaign, code type and status."""
    stock_limits: tuple[float, int] = (0.0, 0)
    """A stock is low at so many percent of its codes, or at so many available codes. Of a history with views."""
