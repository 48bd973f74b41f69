"""Requests codes for fans, and returns the result of each request.

In:       campaigns, fans, reservations.
Out:      `Reserved`, `Assigned`, `Released` or `Refused`.
Promise:  a request is sent again under the same id until its result comes, so nothing moves twice. The requests of
          a fan are sent in the order of the calls, each after the result of the one before it.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeVar
from uuid import uuid4
from weakref import WeakValueDictionary

from .connection import Connection
from .errors import NoAnswer
from .results import Assigned, Refused, Released, Reserved
from .waiting import AnyResult, Request, Waiting

CodeType = Literal["tm", "external"]
ReleaseReason = Literal["unused", "cancelled", "expired"]
TIMEOUT_S: Final = 20.0
ATTEMPTS_MAX: Final = 3
DAY_S: Final = 86_400

R = TypeVar("R", Reserved, Assigned, Released)


class CodesClient:
    """One per process. Use it as an async context manager."""

    def __init__(
        self,
        bootstrap: str,
        *,
        reply_topic: str | None = None,
        prefix: str = "codes.",
        timeout_s: float = TIMEOUT_S,
        attempts_max: int = ATTEMPTS_MAX,
        kafka: Mapping[str, Any] | None = None,
    ) -> None:
        """A client that connects when its context is entered.

        Args:
            bootstrap: `host:port` of a broker; separate several with commas.
            reply_topic: full name of a topic of this process, which the service allows. Without it, the client reads
                the results of all senders.
            prefix: prefix of the service's topics.
            timeout_s: seconds to wait for a result before a request is sent again.
            attempts_max: how often a request is sent, at most.
            kafka: further arguments of aiokafka's clients, for example for TLS and logins.
        """
        self._waiting = Waiting()
        self._connection = Connection(bootstrap, prefix, reply_topic, kafka or {}, self._waiting)
        self._timeout_s = timeout_s
        self._attempts_max = attempts_max
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def __aenter__(self) -> Self:
        """Connect, and start reading results before any request is sent.

        Raises:
            KafkaUnavailable: Kafka does not answer, or refuses the login.
        """
        await self._connection.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect. Requests that still wait get `KafkaUnavailable`."""
        await self._connection.close()

    async def reserve(
        self,
        campaign: str,
        fan: str,
        *,
        count: int = 1,
        code_type: CodeType = "tm",
        ttl_s: int = DAY_S,
        request_id: str | None = None,
    ) -> Reserved | Refused:
        """Hold codes for a fan for `ttl_s` seconds: all of them, or none.

        Args:
            campaign: id of the campaign.
            fan: id of the fan.
            count: codes wanted.
            code_type: kind of codes.
            ttl_s: seconds that the codes are held.
            request_id: derive it from your operation (`order-1001.reserve`): a repetition after a restart then gets
                the same result. Without it, the id is random, and only this call repeats it.

        Raises:
            NoAnswer: no result came in time; safe to repeat under the same `request_id`.
            KafkaUnavailable: the client was closed, or lost its login.
        """
        wanted = {"campaign_id": campaign, "fan_id": fan, "code_type": code_type, "quantity": count, "ttl_s": ttl_s}
        return typed(await self._ask("reserve", fan, request_id, wanted), Reserved)

    async def assign(
        self,
        campaign: str,
        fan: str,
        *,
        reservation: str | None = None,
        count: int = 1,
        code_type: CodeType = "tm",
        request_id: str | None = None,
    ) -> Assigned | Refused:
        """Give a reservation's codes to its fan for good; without a reservation, codes directly from stock.

        Raises: see `reserve`.
        """
        from_stock = {"code_type": code_type, "quantity": count}
        chosen = from_stock if reservation is None else {"reservation_id": reservation}
        wanted = {"campaign_id": campaign, "fan_id": fan, **chosen}
        return typed(await self._ask("assign", fan, request_id, wanted), Assigned)

    async def release(
        self,
        campaign: str,
        fan: str,
        reservation: str,
        *,
        reason: ReleaseReason = "unused",
        request_id: str | None = None,
    ) -> Released | Refused:
        """Make held codes available again.

        Raises: see `reserve`.
        """
        wanted = {"campaign_id": campaign, "fan_id": fan, "reservation_id": reservation, "reason": reason}
        return typed(await self._ask("release", fan, request_id, wanted), Released)

    async def _ask(self, operation: str, fan: str, request_id: str | None, wanted: Mapping[str, Any]) -> AnyResult:
        fields = {"request_id": request_id or f"client-{uuid4().hex}", **wanted}
        request = Request(f"{operation}.requests.v1", operation, fan, fields)
        turn = self._turns.setdefault(fan, asyncio.Lock())
        async with turn:
            return await self._until_answered(request)

    async def _until_answered(self, request: Request) -> AnyResult:
        future = self._waiting.add(request)
        try:
            for _ in range(self._attempts_max):
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._timeout_s):
                        await self._connection.send(request)
                        return await asyncio.shield(future)
        finally:
            self._waiting.remove(request)
            future.cancel()
        raise NoAnswer(request.request_id, self._attempts_max)


def typed(result: AnyResult, expected: type[R]) -> R | Refused:
    """The result as what its operation can give."""
    if not isinstance(result, expected | Refused):
        raise TypeError(f"request {result.request_id}: the outcome is {result.outcome}")
    return result
