"""Logins that a broker refuses, distinguished from a broker that is unavailable; aiokafka reports both the same way.

In:       every connection of every client that `client_options` configures.
Out:      `Door`, one per set of options: whether the brokers refuse this process's login.
Promise:  the first refusal of a process that never had access is raised by its client as `AccessRefused`. A process
          that had access retries for `patience_s`, because a rotated secret may arrive a moment later; then
          `until_shut` returns. Credentials are those that hold at the moment of the connection.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from aiokafka import client as aiokafka_client
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection, OAuthAuthenticator
from aiokafka.errors import KafkaConnectionError, KafkaError

from ops.broker.refusals import TokenRejected, TokenUnavailable, refusal_of
from schemas.errors import AccessRefused

CLOSE_S: Final = 1.0
"""For a refused connection to be closed; the process may end right after it."""
ABORT_S: Final = 0.05
"""The same, before TLS was agreed on: nothing is exchanged any more."""
bootstrap: Final = AIOKafkaClient.bootstrap
authenticate: Final = OAuthAuthenticator.step


class Door:
    """What is known of the brokers' answers to one login. `clock`: monotonic seconds."""

    def __init__(self, patience_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._patience_s = patience_s
        self._clock = clock
        self._was_open = False
        self._refused_at: float | None = None
        self._reason = ""
        self.outage = ""
        """Why there was no token for the last connection; empty if there was one."""
        self._shut = asyncio.Event()

    def opened(self) -> None:
        """A broker has accepted the login."""
        self._was_open, self._refused_at = True, None

    def failed(self, where: str, why: Exception) -> None:
        """A connection has failed: a refusal, or an outage of the broker or of the token endpoint."""
        reason = refusal_of(why)
        if reason is not None:
            self._refused(f"{where}: {reason}")
        self.outage = str(why.args[0]) if isinstance(why, TokenUnavailable) else ""

    def _refused(self, reason: str) -> None:
        now = self._clock()
        self._reason = reason
        self._refused_at = now if self._refused_at is None else self._refused_at
        if self._was_open and now - self._refused_at >= self._patience_s:
            self._shut.set()

    def check(self) -> None:
        """Raise what is final.

        Raises:
            AccessRefused: refused at the start, or for longer than the patience.
        """
        if self._shut.is_set() or (self._refused_at is not None and not self._was_open):
            raise AccessRefused(self._reason)

    async def until_shut(self) -> AccessRefused:
        """Wait until the patience is over; returns the error to end with."""
        await self._shut.wait()
        return AccessRefused(self._reason)


class Doorkeeper:
    """Mixed into what aiokafka passes to each connection: the TLS context, or the login."""

    door: Door


def door_of(options: Mapping[str, Any]) -> Door | None:
    """The door of a client's options; None for a listener that asks for nothing."""
    keepers = (options.get("sasl_oauth_token_provider"), options.get("ssl_context"))
    return next((keeper.door for keeper in keepers if isinstance(keeper, Doorkeeper)), None)


def install() -> None:
    """Let all clients of this process notice a refusal."""
    aiokafka_client.create_conn = connect_or_notice
    AIOKafkaClient.bootstrap = bootstrap_or_refuse
    OAuthAuthenticator.step = step_or_reject


async def connect_or_notice(host: str, port: int, **options: Any) -> AIOKafkaConnection:  # noqa: ANN401  # aiokafka's
    """A connection, with the credentials of this moment.

    Raises:
        KafkaError, OSError, TimeoutError: as aiokafka raises them.
    """
    door = door_of(options)
    login = getattr(options.get("sasl_oauth_token_provider"), "name_and_password", None)
    if login is not None:
        options |= login()
    try:
        connection = await connected(host, port, **options)
    except (KafkaError, OSError, TimeoutError, ValueError) as why:
        if door is not None:
            door.failed(f"Kafka at {host}:{port}", why)
        raise known_to_aiokafka(why) from why
    if door is not None:
        door.opened()
    return connection


async def connected(host: str, port: int, **options: Any) -> AIOKafkaConnection:  # noqa: ANN401  # as above
    """What aiokafka's `create_conn` does; a connection that fails is closed when this raises."""
    connection = AIOKafkaConnection(host, port, **options)
    try:
        await connection.connect()
    except Exception:
        is_agreed = connection._protocol is not None  # noqa: SLF001  # nothing public says it
        closed = connection._closed_fut  # noqa: SLF001  # as above
        await asyncio.wait({closed}, timeout=CLOSE_S if is_agreed else ABORT_S)
        raise
    return connection


def known_to_aiokafka(why: Exception) -> Exception:
    """A ValueError of its SCRAM code would end tasks of the client; it retries this."""
    is_stray = isinstance(why, ValueError) and not isinstance(why, OSError)
    return KafkaConnectionError(type(why).__name__) if is_stray else why


async def bootstrap_or_refuse(client: AIOKafkaClient) -> None:
    """The client's first connection.

    Raises:
        AccessRefused: the broker refuses the login.
        KafkaConnectionError: no broker is available.
    """
    try:
        await bootstrap(client)
    except KafkaConnectionError:
        held = {
            "sasl_oauth_token_provider": client._sasl_oauth_token_provider,  # noqa: SLF001  # nothing public has it
            "ssl_context": client._ssl_context,  # noqa: SLF001  # as above
        }
        door = door_of(held)
        if door is None:
            raise
        door.check()
        if door.outage:
            raise KafkaConnectionError(door.outage) from None
        raise


async def step_or_reject(authenticator: OAuthAuthenticator, payload: bytes | None) -> tuple[bytes, bool] | None:
    """A step of OAUTHBEARER. The broker answers a token that it rejects with a reason; aiokafka ignores that.

    Raises:
        TokenRejected: the broker rejects the token.
    """
    if authenticator._token_sent and payload:  # noqa: SLF001  # nothing public says it
        raise TokenRejected(payload)
    step: tuple[bytes, bool] | None = await authenticate(authenticator, payload)
    return step
