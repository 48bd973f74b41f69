"""Requests that wait for their results, and the match between both.

In:       requests; records of results, of this client and of other senders.
Out:      one result for each request.
Promise:  a result is matched by what it says, not by where it is: partitions may be added, and several processes may
          share a topic. A result that comes again is ignored. Nothing here fails for a malformed record.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from .results import RESULT, Assigned, Refused, Released, Reserved

AnyResult = Reserved | Assigned | Released | Refused


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it is sent."""

    topic: str
    """Without the prefix."""
    operation: str
    key: str
    fields: Mapping[str, Any]

    @property
    def request_id(self) -> str:
        """The idempotency key."""
        return str(self.fields["request_id"])

    def is_answered_by(self, result: AnyResult) -> bool:
        """Whether a result is about this request; another sender may use the same id for another one."""
        fan_id = self.fields.get("fan_id")
        return (
            (self.operation, self.request_id) == (result.operation, result.request_id)
            and result.campaign_id in {None, self.fields["campaign_id"]}
            and (fan_id is None or result.fan_id in {None, fan_id})
        )


@dataclass(slots=True)
class Waiting:
    """The requests of one client."""

    requests: dict[str, tuple[Request, "asyncio.Future[AnyResult]"]] = field(default_factory=dict)

    def add(self, request: Request) -> "asyncio.Future[AnyResult]":
        """Wait for a request's result. Raises ValueError if a request with this id is waiting already."""
        if request.request_id in self.requests:
            raise ValueError(f"request {request.request_id} is waiting for its result already")
        future: asyncio.Future[AnyResult] = asyncio.get_running_loop().create_future()
        self.requests[request.request_id] = (request, future)
        return future

    def remove(self, request: Request) -> None:
        """The request waits no longer."""
        self.requests.pop(request.request_id, None)

    def take(self, correlation_id: str | None, value: bytes | None) -> None:
        """A record of a result, whoever asked for it. Only those of this client are parsed."""
        request, future = self.requests.get(correlation_id or "", (None, None))
        if request is None or future is None or future.done():
            return
        try:
            result = RESULT.validate_json(value or b"")
        except ValidationError:
            return
        if request.is_answered_by(result):
            future.set_result(result)

    def fail(self, error: Exception) -> None:
        """No result can come any more."""
        for _, future in self.requests.values():
            if not future.done():
                future.set_exception(error)
