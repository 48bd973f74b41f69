"""Fetches that let no partition wait: aiokafka asks a broker for all idle partitions at once, for half a second.

In:       a consumer's partitions; what is fetched of them and not read yet.
Out:      `install`: how long a fetch may wait for records follows from what is not read.
Promise:  a partition whose loop has read everything is asked for within `LEFT_OUT_WAIT_MS`. An idle consumer asks no
          more often than before, and so does one that has much to read.

aiokafka leaves a partition with unread records out of its fetches, and sends one fetch at a time to each broker. So a
partition that is busy with one request would be asked for only after the fetch of the others has ended; and none of
the others would be asked for within 100 ms of the fetch that brought the unread records.
"""

from collections.abc import Iterable
from typing import Any, Final

from aiokafka.consumer import consumer, fetcher

READ_WAIT_S: Final = 0.002
"""For idle loops to read what has just been fetched: the next fetch then has their partitions too."""
LEFT_OUT_WAIT_MS: Final = 10
"""Of a fetch that leaves out a partition which will soon be read to its end."""
NEARLY_READ_BYTES: Final = 32 * 1024
"""Less than this is read in a batch or two."""


def install() -> None:
    """Let all consumers of this process fetch so. Call it before the first one is made."""
    consumer.Fetcher = PromptFetcher


class PromptFetcher(fetcher.Fetcher):  # type: ignore[misc]  # aiokafka is not typed
    """As aiokafka's; only its waits differ."""

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401  # aiokafka's own
        super().__init__(*arguments, prefetch_backoff=READ_WAIT_S, **options)
        self._idle_wait_ms: int = self._fetch_max_wait_ms

    def _get_actions_per_node(self, assignment: Any) -> Any:  # noqa: ANN401  # as above
        self._fetch_max_wait_ms = fetch_wait_ms(self._records.values(), self._idle_wait_ms)
        return super()._get_actions_per_node(assignment)


def fetch_wait_ms(unread: Iterable[Any], idle_wait_ms: int) -> int:
    """How long the next fetches may wait, given aiokafka's results of those before it that are not read."""
    is_soon_read = any(bytes_left(result) < NEARLY_READ_BYTES for result in unread)
    return min(LEFT_OUT_WAIT_MS, idle_wait_ms) if is_soon_read else idle_wait_ms


def bytes_left(result: Any) -> int:  # noqa: ANN401  # as above
    """Of a fetch, behind the batch that is being read; 0 of an error, or of what is read to its end."""
    records = getattr(result, "_partition_records", None)
    return 0 if records is None else records.bytes_left()
