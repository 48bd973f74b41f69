"""Fences the former owner of a partition in MongoDB: one session per owner, and a new owner kills the last one.

In:       a shard.
Out:      the session that all of the owner's transactions run in.
Promise:  a new owner ends the transaction that the last one left open. Otherwise a killed process would hold its
          documents until the server's transaction lifetime is over (60 s by default), and the new owner would wait.

The fence is the kill: it aborts the open transaction. If the server refuses it (no permission, unknown command), that
time-out ends the transaction, which may still commit before. A former owner that still runs may also begin another
transaction. Neither moves a code twice: every write is guarded, and a request has one ledger entry.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from bson import Binary
from bson.binary import UUID_SUBTYPE
from motor.motor_asyncio import AsyncIOMotorClientSession
from pymongo.errors import OperationFailure

from schemas.errors import StoreUnavailable
from stores.mongo.collections import Collections
from stores.mongo.connection import Client
from stores.mongo.errors import idempotent
from stores.mongo.older import refuse_older
from stores.mongo.transactions import is_in_transaction

CLAIMS_MAX: Final = 5
"""Tries in a row, each after another owner's."""


def session_uuid(session: AsyncIOMotorClientSession) -> str:
    """The session's id, hex."""
    lsid: Mapping[str, Binary] = session.session_id  # type: ignore[assignment]  # a property; the stub has a method
    return lsid["id"].hex()


class Ownership:
    """Lives as long as its partition is served here."""

    def __init__(self, client: Client, collections: Collections, shard: str) -> None:
        self._client = client
        self._owners = collections.owners
        self._codes = collections.codes
        self._shard = shard
        self._session: AsyncIOMotorClientSession | None = None

    async def take_over(self) -> None:
        """Fence the last owner: kill its session, and record this owner's session.

        Raises:
            StoreUnavailable: no answer in time; safe to repeat.
            DatabaseTooOld: see `refuse_older`.
        """
        await refuse_older(self._codes)
        for _ in range(CLAIMS_MAX):
            with idempotent():
                if await self._claimed():
                    return
        raise StoreUnavailable("others take the partition over at the same time")

    async def _claimed(self) -> bool:
        """False if another owner came between the read and the write: its session must be ended too.

        A take-over that is cancelled at a stop may have its write done late, by its thread. Bound to the session that
        it read, it cannot replace the next owner's, whose transaction the owner after that must be able to end.
        """
        last = await self._owners.find_one({"_id": self._shard})
        if last is not None:
            # Its open transaction would make every write to the same documents a conflict until the server's limit
            # (60 s), and its late commit could still move codes.
            await self._end(last.get("session"))
        session = await self.session()
        own = {"session": session_uuid(session), "since": datetime.now(UTC)}
        claim = {"_id": self._shard, "session": None if last is None else last.get("session")}
        done = await self._owners.update_one(claim, {"$set": own}, upsert=last is None)
        return done.matched_count == 1 or done.upserted_id is not None

    async def session(self) -> AsyncIOMotorClientSession:
        """The owner's session; one transaction at a time.

        Raises:
            StoreUnavailable: no answer in time; safe to repeat.
        """
        if self._session is not None and is_in_transaction(self._session):
            await self._replace(self._session)
        if self._session is None:
            self._session = await self._client.start_session()
        return self._session

    async def _replace(self, abandoned: AsyncIOMotorClientSession) -> None:
        """Kill a session whose transaction was given up while a thread may still run a statement in it.

        It can never be used again: a second transaction cannot start in it, and an abort sent before the thread is
        done would turn the thread's statement into a plain write. It is neither ended nor returned to the driver's
        pool, from which an operation outside of transactions would take it. It stays `_session` until the server has
        killed it, so that a kill that fails is repeated.
        """
        last = session_uuid(abandoned)
        with idempotent():
            await self._end(last)
            session = await self._client.start_session()
            own = {"session": session_uuid(session), "since": datetime.now(UTC)}
            # Only in place of the abandoned session: whoever took over meanwhile stays the owner.
            await self._owners.update_one({"_id": self._shard, "session": last}, {"$set": own})
        self._session = session

    async def _end(self, session: str | None) -> None:
        """Kill a session. If the server refuses, its time-out ends the transaction.

        The same applies to a session id that cannot be read, because somebody edited the document by hand.
        """
        with suppress(OperationFailure, TypeError, ValueError):
            of_last_owner = {"id": Binary(bytes.fromhex(session or ""), UUID_SUBTYPE)}
            await self._client.admin.command("killSessions", [of_last_owner])
