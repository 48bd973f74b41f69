"""motor's collection, on a simulated deployment.

In:       calls of the service, with motor's arguments.
Out:      motor's futures and cursors, with pymongo's results and errors.
Promise:  documents are copied on their way. An argument that is not simulated raises a TypeError.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from pymongo.helpers_shared import _check_write_command_response
from pymongo.results import BulkWriteResult, DeleteResult, InsertManyResult, InsertOneResult, UpdateResult

from tests.simulation.mongo.bulk import Bulk, Operation
from tests.simulation.mongo.calls import Call
from tests.simulation.mongo.cursors import SimulatedCursor
from tests.simulation.mongo.errors import NotModelled
from tests.simulation.mongo.sessions import ClientSession
from tests.simulation.mongo.values import Document, encoded

if TYPE_CHECKING:
    from tests.simulation.mongo.client import SimulatedDatabase, SimulatedSession

    Session = SimulatedSession | None

MAJORITY: Final = {"w": "majority", "j": True}


class SimulatedCollection:
    """Stands in for `AsyncIOMotorCollection`."""

    def __init__(self, database: "SimulatedDatabase", name: str) -> None:
        self.database = database
        self.name = name
        self._connections = database.client.connections
        self._threads = database.client.threads

    def find(
        self,
        filter: Mapping[str, Any] | None = None,  # noqa: A002  # pymongo's name
        projection: Mapping[str, int] | None = None,
        *,
        limit: int = 0,
        sort: Sequence[tuple[str, int]] | None = None,
        batch_size: int = 0,
        session: "Session" = None,
    ) -> SimulatedCursor:
        """See motor; nothing is sent yet."""
        command = {"find": self.name, "filter": encoded(dict(filter or {})), **self._target}
        if projection:
            command["projection"] = dict(projection)
        cursor = SimulatedCursor(self._connections, self._threads, command, delegate(session), batch_size)
        return cursor.limit(limit).sort(sort or [])

    def find_one(
        self,
        filter: Mapping[str, Any] | None = None,  # noqa: A002  # pymongo's name
        projection: Mapping[str, int] | None = None,
        *,
        sort: Sequence[tuple[str, int]] | None = None,
        session: "Session" = None,
    ) -> "asyncio.Future[Document | None]":
        """See motor."""
        cursor = self.find(filter, projection, limit=1, sort=sort, session=session)

        async def first() -> Document | None:
            return cursor.fetched() if await cursor.refresh() else None

        return self._threads.run(first)

    def aggregate(self, pipeline: Sequence[Mapping[str, Any]], session: "Session" = None) -> SimulatedCursor:
        """See motor."""
        command = {"aggregate": self.name, "pipeline": encoded(list(pipeline)), "cursor": {}, **self._target}
        return SimulatedCursor(self._connections, self._threads, command, delegate(session))

    def distinct(
        self,
        key: str,
        filter: Mapping[str, Any] | None = None,  # noqa: A002  # pymongo's name
    ) -> "asyncio.Future[list[Any]]":
        """See motor."""
        command = {"distinct": self.name, "key": key, "query": encoded(filter or {}), **self._target}
        return self._read(command, lambda answer: answer["values"])

    def estimated_document_count(self) -> "asyncio.Future[int]":
        """See motor."""
        return self._read({"count": self.name, **self._target}, lambda answer: answer["n"])

    def count_documents(self, filter: Mapping[str, Any]) -> "asyncio.Future[int]":  # noqa: A002  # pymongo's name
        """See motor."""
        command = {"count": self.name, "query": encoded(filter), **self._target}
        return self._read(command, lambda answer: answer["n"])

    def insert_one(self, document: Document, session: "Session" = None) -> "asyncio.Future[InsertOneResult]":
        """See motor."""
        if "_id" not in document:
            raise NotModelled("a document without _id: the simulation makes no ids")

        async def insert() -> InsertOneResult:
            command = {"insert": self.name, "ordered": True, "documents": [encoded(document)]}
            await self._write(command, session)
            return InsertOneResult(document["_id"], acknowledged=True)

        return self._threads.run(insert)

    def insert_many(
        self, documents: Iterable[Document], *, ordered: bool = True, session: "Session" = None
    ) -> "asyncio.Future[InsertManyResult]":
        """See motor."""
        given = list(documents)
        if not given:
            raise TypeError("documents must be a non-empty list")

        async def insert() -> InsertManyResult:
            bulk = self._bulk(session, ordered=ordered)
            for document in given:
                bulk.insert(document)
            await bulk.execute(self._connections, delegate(session))
            return InsertManyResult([document["_id"] for document in given], acknowledged=True)

        return self._threads.run(insert)

    def bulk_write(
        self, requests: Sequence[Operation], *, ordered: bool = True, session: "Session" = None
    ) -> "asyncio.Future[BulkWriteResult]":
        """See motor."""

        async def write() -> BulkWriteResult:
            bulk = self._bulk(session, ordered=ordered)
            for request in requests:
                bulk.add(request)
            return BulkWriteResult(await bulk.execute(self._connections, delegate(session)), acknowledged=True)

        return self._threads.run(write)

    def update_one(
        self,
        filter: Mapping[str, Any],  # noqa: A002  # pymongo's name
        update: Mapping[str, Any],
        *,
        upsert: bool = False,
        session: "Session" = None,
    ) -> "asyncio.Future[UpdateResult]":
        """See motor."""
        return self._update({"q": filter, "u": update, "multi": False, "upsert": upsert}, session)

    def update_many(
        self,
        filter: Mapping[str, Any],  # noqa: A002  # pymongo's name
        update: Mapping[str, Any],
        *,
        session: "Session" = None,
    ) -> "asyncio.Future[UpdateResult]":
        """See motor; it is not repeated."""
        return self._update({"q": filter, "u": update, "multi": True, "upsert": False}, session)

    def delete_one(
        self,
        filter: Mapping[str, Any],  # noqa: A002  # pymongo's name
        session: "Session" = None,
    ) -> "asyncio.Future[DeleteResult]":
        """See motor."""
        return self._delete({"q": filter, "limit": 1}, session)

    def delete_many(
        self,
        filter: Mapping[str, Any],  # noqa: A002  # pymongo's name
        session: "Session" = None,
    ) -> "asyncio.Future[DeleteResult]":
        """See motor; it is not repeated."""
        return self._delete({"q": filter, "limit": 0}, session)

    def list_indexes(self) -> SimulatedCursor:
        """See motor."""
        command = {"listIndexes": self.name, **self._target}
        return SimulatedCursor(self._connections, self._threads, command, None)

    def create_index(self, keys: Sequence[tuple[str, int]], *, name: str, **options: Any) -> "asyncio.Future[str]":
        """See motor; it is not repeated."""
        index = {"name": name, "key": dict(keys), **options}
        command = {"createIndexes": self.name, "indexes": [index], "writeConcern": MAJORITY}

        async def create() -> str:
            await self._command(command, None, is_read=False, retryable=False)
            return name

        return self._threads.run(create)

    @property
    def _target(self) -> Document:
        return {"$db": self.database.name}

    def _bulk(self, session: "Session", *, ordered: bool) -> Bulk:
        return Bulk(self.database.name, self.name, ordered=ordered, concern=concern(session))

    def _update(self, statement: Document, session: "Session") -> "asyncio.Future[UpdateResult]":
        async def update() -> UpdateResult:
            command = {"update": self.name, "ordered": True, "updates": [encoded(statement)]}
            answer = dict(await self._write(command, session, retryable=not statement["multi"]))
            if "upserted" in answer:
                answer["upserted"] = answer["upserted"][0]["_id"]
            return UpdateResult(answer, acknowledged=True)

        return self._threads.run(update)

    def _delete(self, statement: Document, session: "Session") -> "asyncio.Future[DeleteResult]":
        async def delete() -> DeleteResult:
            command = {"delete": self.name, "ordered": True, "deletes": [encoded(statement)]}
            answer = await self._write(command, session, retryable=statement["limit"] == 1)
            return DeleteResult(answer, acknowledged=True)

        return self._threads.run(delete)

    def _read(self, command: Document, chosen: Any) -> "asyncio.Future[Any]":
        async def read() -> Any:
            return chosen(await self._command(command, None, is_read=True))

        return self._threads.run(read)

    async def _write(self, command: Document, session: "Session", *, retryable: bool = True) -> Document:
        asked = concern(session)
        body = {**command, **self._target, **({"writeConcern": asked} if asked else {})}
        return await self._command(body, delegate(session), is_read=False, retryable=retryable)

    async def _command(
        self, command: Document, session: ClientSession | None, *, is_read: bool, retryable: bool = True
    ) -> Document:
        async def send(call: Call) -> Document:
            body = {**command, **self._target}
            answer: Document = await self._connections.command(call, body, retryable=not is_read and call.retryable)
            if not is_read:
                _check_write_command_response(answer)
            return answer

        answer: Document = await self._connections.call(
            next(iter(command)), send, session, is_read=is_read, retryable=retryable
        )
        return answer


def delegate(session: "Session") -> ClientSession | None:
    """Pymongo's session in motor's."""
    return None if session is None else session.delegate


def concern(session: "Session") -> Document:
    """The write concern of a write: in a transaction, that of the commit."""
    return {} if session is not None and session.in_transaction else MAJORITY
