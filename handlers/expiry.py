"""Which overdue reservations to ask the release of, and under which id.

In:       overdue reservations as they were found, and the time.
Out:      release requests.
Promise:  the id depends only on the reservation and on how long it is overdue, so any number of expirers ask the
          same, and nothing can block an expiry for good: later it is asked for under another id.
"""

from datetime import datetime
from typing import NamedTuple

from schemas.requests import ReleaseRequest, expirer_request_id


class Overdue(NamedTuple):
    """A held reservation whose time is over."""

    reservation_id: str
    campaign_id: str
    fan_id: str
    expires_at: datetime


def attempt_of(overdue: Overdue, now: datetime, again_after_s: int) -> int:
    """1 at first; one more each time that the reservation is still held `again_after_s` later."""
    return 1 + int((now - overdue.expires_at).total_seconds()) // again_after_s


def expiry_of(overdue: Overdue, attempt: int) -> ReleaseRequest:
    """The release that the expirer asks for."""
    return ReleaseRequest(
        request_id=expirer_request_id(overdue.reservation_id, attempt),
        campaign_id=overdue.campaign_id,
        reservation_id=overdue.reservation_id,
        reason="expired",
    )
