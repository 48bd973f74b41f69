"""One MongoDB transaction as one piece: all of it or nothing, also when the task that wants it is cancelled.

In:       a session, and the statements to run in it.
Out:      nothing; the statements are committed.
Promise:  no abort is sent while a statement runs, and a cancellation waits until the transaction has ended. motor
          runs each statement in a thread, and cancelling a task does not stop a thread. If the transaction were
          aborted while a thread still waits for a server or a connection, the thread would send its statement as a
          plain write, outside of any transaction.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

import pymongo
from motor.motor_asyncio import AsyncIOMotorClientSession

ABORT_TIMEOUT_S: Final = 1.0
"""For the abort of a transaction that may have used up its own time. One that does not arrive does no harm: the
session's next transaction, the partition's next owner or the server's limit ends what is open."""
CANCELLED_WAIT_S_MAX: Final = 10.0
"""Longest wait for a transaction whose task was cancelled. With the longest stop budget (20 s), a role still ends
within 30 s."""

T = TypeVar("T")


async def run_transaction(session: AsyncIOMotorClientSession, statements: Callable[[], Awaitable[None]]) -> None:
    """Run the statements, which use `session`, and commit them; all within the client's time-out for one operation.

    Raises:
        PyMongoError, FactsStale: what a statement or the commit raised. After a statement's error nothing is written.
        CancelledError: the task was cancelled, and the transaction has ended; or it had not after `cancelled_wait_s`
            and was given up. Nothing follows the statement that a thread then has in hand: if that is the commit,
            the transaction may be committed, otherwise it never is. The session stays in the transaction until the
            thread is done, and perhaps for good: see `Ownership.session`.
    """
    session.start_transaction()
    await finish_transaction(session, statements)


async def finish_transaction(session: AsyncIOMotorClientSession, statements: Callable[[], Awaitable[None]]) -> None:
    """The same in a transaction of this session that has begun and has only read so far. See `run_transaction`."""
    await seen_to_its_end(_finish(session, statements), limit_s=cancelled_wait_s(session))


async def seen_to_its_end(work: Coroutine[Any, Any, T], *, limit_s: float) -> T:
    """Do the work in a task of its own; a cancellation is let through when the work has ended.

    Work that has not ended `limit_s` after the cancellation is cancelled itself.
    """
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await _ended(task, limit_s)
        raise


def cancelled_wait_s(session: AsyncIOMotorClientSession) -> float:
    """Seconds that a cancellation waits for a transaction: `mongo.timeout_ms`, at most `CANCELLED_WAIT_S_MAX`."""
    timeout_s = operation_timeout_s(session)
    return CANCELLED_WAIT_S_MAX if timeout_s is None else min(timeout_s, CANCELLED_WAIT_S_MAX)


def operation_timeout_s(session: AsyncIOMotorClientSession) -> float | None:
    """The client's time-out for one operation; None: it has none."""
    timeout_s: float | None = session.client.options.timeout  # type: ignore[attr-defined]  # a property; the stub has a method
    return timeout_s


def is_in_transaction(session: AsyncIOMotorClientSession) -> bool:
    """Whether a transaction has begun in the session and has neither been committed nor aborted."""
    is_open: bool = session.in_transaction  # type: ignore[assignment]  # a property; the stub has a method
    return is_open


async def _finish(session: AsyncIOMotorClientSession, statements: Callable[[], Awaitable[None]]) -> None:
    try:
        with pymongo.timeout(operation_timeout_s(session)):
            await statements()
            await session.commit_transaction()
    except Exception:
        # Not for CancelledError: a thread may still run a statement, which would leave the transaction.
        await _abort(session)
        raise


async def _abort(session: AsyncIOMotorClientSession) -> None:
    """Nothing to do after a commit that failed: whether it arrived, only the ledger knows."""
    if is_in_transaction(session):
        with pymongo.timeout(ABORT_TIMEOUT_S):
            await session.abort_transaction()


async def _ended(task: "asyncio.Task[Any]", limit_s: float) -> None:
    """Wait for the task's end. A stop cancels more than once, and none of these may cut the wait short."""
    loop = asyncio.get_running_loop()
    until = loop.time() + limit_s
    while not task.done():
        if loop.time() >= until:
            task.cancel()
        try:
            await asyncio.wait({task}, timeout=max(0.0, until - loop.time()))
        except asyncio.CancelledError:
            continue
    if not task.cancelled():
        task.exception()  # or asyncio would warn of an exception that was never retrieved
