"""Requests as a neighbour sends them, and the headers of what comes back.

Out: `reserve`, which is also an assign from stock where it is sent to that topic; `headers_of`.
"""

from typing import Any


def reserve(request_id: str, campaign_id: str = "sale", **more: Any) -> dict[str, Any]:
    """One code for a fan of the request's own."""
    return {"request_id": request_id, "campaign_id": campaign_id, "fan_id": f"fan-{request_id}", **more}


def headers_of(record: Any) -> dict[str, bytes]:  # aiokafka is not typed
    """A record's headers by name; the last value of a repeated name."""
    return dict(record.headers)
