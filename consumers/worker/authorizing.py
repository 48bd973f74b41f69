"""Requests that may be decided, apart from those whose sender has no right to send them.

In:       readable requests of one batch.
Out:      those that may be decided, in their order; rejections of the others.
Promise:  a request that was decided from this very record is answered again, whatever its token is worth by now: its
          codes may have moved, and its result may never have been sent.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from consumers.decode import rejected_after_reading
from consumers.loop.retry import RetryPolicy, step_aside
from handlers.requests.facts import Facts, is_redelivery
from schemas.errors import FactsStale
from schemas.records import Asked, Rejected
from schemas.requests import Request
from stores.code_port import CodeStore

Requests = Sequence[Asked[Request]]


class Authorizer(Protocol):
    """Who knows what a request's token is worth."""

    async def refused(self, requests: Requests) -> Mapping[int, str]:
        """By offset, why a request may not be decided.

        Raises:
            KeysUnavailable: whether tokens are valid is unknown.
        """


class Authorization:
    """Lives as long as its partition is served here."""

    def __init__(
        self, authorizer: Authorizer | None, store: CodeStore, key_retries: RetryPolicy, mongo_retries: RetryPolicy
    ) -> None:
        """Without an `authorizer` every request may be decided."""
        self._authorizer = authorizer
        self._store = store
        self._key_retries = key_retries
        self._mongo_retries = mongo_retries

    async def split(self, requests: Requests) -> tuple[Requests, list[Rejected]]:
        """While the keys are unavailable, it waits: nobody is refused for that."""
        if self._authorizer is None or not requests:
            return requests, []
        refused = await self._key_retries.run(self._authorizer.refused, requests)
        if not refused:
            return requests, []
        suspects = [asked for asked in requests if asked.record.offset in refused]
        again = await self._redelivered(suspects)
        rejected = [asked for asked in suspects if asked.record.offset not in again]
        offsets = {asked.record.offset for asked in rejected}
        return (
            [asked for asked in requests if asked.record.offset not in offsets],
            [rejected_after_reading(asked, "unauthorized", refused[asked.record.offset]) for asked in rejected],
        )

    async def _redelivered(self, requests: Requests) -> frozenset[int]:
        """Offsets of those that were decided from this very record."""
        attempt = 0
        while True:
            try:
                facts = await self._mongo_retries.run(self._store.gather, requests)
            except FactsStale:
                await step_aside(attempt)
                attempt += 1
            else:
                return frozenset(asked.record.offset for asked in requests if was_decided(asked, facts))


def was_decided(asked: Asked[Request], facts: Facts) -> bool:
    """Whether this record was, or may have been: its ledger entry cannot be read."""
    request_id = asked.request.request_id
    entry = facts.decided.get(request_id)
    return request_id in facts.unreadable_entries or (entry is not None and is_redelivery(asked, entry))
