"""Which overdue reservations to request the release of, and under which id.

In:       overdue reservations as they were found, earlier requests, how far the workers are, and the time.
Out:      release requests.
Promise:  the id depends only on the reservation and on how long it is overdue, so any number of expirers, restarted
          or not, send the same request. A release is requested again only under another id, and only once the
          workers have decided the last request and the hold is still held: nothing blocks an expiry for good, and
          without workers a hold costs one record.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from schemas.requests import ReleaseRequest, expirer_request_id

AGAIN_S_MAX: Final = 3_600
"""The wait for the next attempt doubles up to this: what no release ends (a reservation whose codes are missing) is
asked for once an hour."""
LOST_AFTER: Final = timedelta(days=1)
"""A request that no worker has decided for so long may be gone from its topic (deleted, made anew, retention)."""


class Overdue(NamedTuple):
    """A held reservation whose time is over."""

    reservation_id: str
    campaign_id: str
    fan_id: str
    expires_at: datetime


class Asked(NamedTuple):
    """A release that was requested."""

    attempt: int
    at: datetime
    partition: int
    """Of the release topic."""
    offset: int
    """Of the request; -1 if the broker did not say."""


def attempt_of(overdue: Overdue, now: datetime, again_after_s: int) -> int:
    """1 at first; the wait for the next one is `again_after_s`, and doubles each time up to `AGAIN_S_MAX`.

    In closed form: a hold that nothing ends would otherwise cost more with every day.
    """
    age_s = max(0, int((now - overdue.expires_at).total_seconds()))
    longest_s = max(again_after_s, AGAIN_S_MAX)
    doubling = (longest_s // again_after_s).bit_length()
    doubled_until_s = again_after_s * ((1 << doubling) - 1)
    if age_s < doubled_until_s:
        return (age_s // again_after_s + 1).bit_length()
    return doubling + 1 + (age_s - doubled_until_s) // longest_s


def may_ask(attempt: int, asked: Asked | None, decided: Mapping[int, int], now: datetime) -> bool:
    """Whether to request now; `decided` is the workers' next offset of each partition of the release topic.

    `decided` must have been read before the hold was seen held: the other way round a release that was decided in
    between would be requested once more. It lacks a partition only where nobody may read the group's offsets;
    then the attempts' own growing waits are all that limits repeats.
    """
    if asked is None:
        return True
    if attempt <= asked.attempt:
        return False
    is_decided = decided.get(asked.partition, asked.offset + 1) > asked.offset
    return is_decided or now - asked.at >= LOST_AFTER


def expiry_of(overdue: Overdue, attempt: int) -> ReleaseRequest:
    """The expirer's request for this attempt."""
    return ReleaseRequest(
        request_id=expirer_request_id(overdue.reservation_id, attempt),
        campaign_id=overdue.campaign_id,
        reservation_id=overdue.reservation_id,
        reason="expired",
    )
