"""Commands that write: insert, update, delete.

In:       a command; the transaction that it is in, if any.
Out:      an answer with counts and the errors of single writes.
Promise:  in a transaction a conflict ends the command and the transaction. Outside of one a write that meets an open
          transaction's waits for its end, and then finds what is there. A statement that was done before, under the
          same transaction number, is not done again.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from tests.simulation.mongo.databases import Databases
from tests.simulation.mongo.errors import NotModelled, ServerError
from tests.simulation.mongo.log import Log
from tests.simulation.mongo.operations import Operation
from tests.simulation.mongo.results import inserted_by_upsert, updated
from tests.simulation.mongo.transactions import Session, Transaction
from tests.simulation.mongo.values import Document
from tests.simulation.mongo.versions import Conflict, StoredCollection, View

KNOWN: Final = frozenset(
    {
        *("$db", "lsid", "txnNumber", "autocommit", "startTransaction", "readConcern", "maxTimeMS", "writeConcern"),
        *("ordered", "documents", "updates", "deletes"),
    }
)
STATEMENTS: Final = {"insert": "documents", "update": "updates", "delete": "deletes"}
OF_UPDATE: Final = frozenset({"q", "u", "multi", "upsert"})
DUPLICATE: Final = 11_000


class Writer:
    """One command's writes."""

    def __init__(
        self, log: Log, horizon: Callable[[], int], operation: Operation, transaction: Transaction | None
    ) -> None:
        self._log = log
        self._horizon = horizon
        self._operation = operation
        self._transaction = transaction
        self.place = 0
        """Of the last write."""

    @property
    def view(self) -> View:
        """What the next statement finds: the newest documents, or the transaction's snapshot."""
        return View(1 << 62) if self._transaction is None else self._transaction.view()

    async def free(self, conflict: Conflict) -> None:
        """After a conflict.

        Raises:
            ServerError: 112, the command is in a transaction.
        """
        if self._transaction is not None or conflict.holder is None:
            raise ServerError(112, "Write conflict during plan execution and yielding is disabled.")
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        conflict.holder.ended.append(ended)
        await self._operation.wait(ended)

    def put(self, collection: StoredCollection, document_id: Any, after: Document | None) -> None:
        """Write a document that was checked."""
        if self._transaction is not None:
            self._transaction.hold(collection, document_id, after)
            return
        self.place = self._log.append(asyncio.get_running_loop().time())
        collection.note(document_id, after)
        collection.commit(document_id, after, self.place, self._horizon())


class Writes:
    """The writing half of a server."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases

    async def run(self, command: Document, writer: Writer, session: Session | None) -> Document:
        """The answer. `session`: of a retryable write.

        Raises:
            ServerError: the command as a whole fails.
            NotModelled: an option that the simulation does not have.
        """
        name = next(iter(command))
        unknown = command.keys() - KNOWN - {name}
        if unknown:
            raise NotModelled(f"the command {name} with {sorted(unknown)}")
        collection = self._databases.collection(command["$db"], command[name], make=True)
        answer: Document = {"n": 0, **({"nModified": 0} if name == "update" else {})}
        for number, statement in enumerate(command[STATEMENTS[name]]):
            try:
                done = await self._once(name, collection, statement, number, writer, session)
            except ServerError as why:
                if why.code == 112 or is_interruption(why):
                    raise
                body = why.body()
                answer.setdefault("writeErrors", []).append({"index": number, **body})
                if command.get("ordered", True) or command.get("autocommit") is False:
                    break
            else:
                merge(answer, done, number)
        return {"ok": 1.0, **answer}

    async def _once(
        self,
        name: str,
        collection: StoredCollection,
        statement: Document,
        number: int,
        writer: Writer,
        session: Session | None,
    ) -> Document:
        if session is not None and number in session.results:
            return session.results[number][1]
        done = await STEPS[name](collection, statement, writer)
        if session is not None:
            session.results[number] = (writer.place, done)
            session.place = writer.place
        return done


async def insert(collection: StoredCollection, document: Document, writer: Writer) -> Document:
    """One document."""
    while True:
        try:
            collection.check_insert(document, writer.view)
        except Conflict as conflict:
            await writer.free(conflict)
        else:
            writer.put(collection, document["_id"], document)
            return {"n": 1}


async def update(collection: StoredCollection, statement: Document, writer: Writer) -> Document:
    """One document or all that match."""
    if statement.keys() - OF_UPDATE:
        raise NotModelled(f"an update with {sorted(statement.keys() - OF_UPDATE)}")
    matched = modified = 0
    for found in list(collection.found(statement["q"], writer.view)):
        changed = await written(collection, found, statement, writer)
        matched += changed is not None
        modified += bool(changed)
        if matched and not statement.get("multi"):
            break
    if not matched and statement.get("upsert"):
        return await upserted(collection, statement, writer)
    return {"n": matched, "nModified": modified}


async def written(collection: StoredCollection, found: Document, statement: Document, writer: Writer) -> bool | None:
    """Update or delete a document; whether it changed. None: while this waited, it became one that does not match."""
    document: Document | None = found
    while document is not None:
        after = updated(document, statement["u"]) if "u" in statement else None
        try:
            collection.check(document["_id"], after, writer.view)
        except Conflict as conflict:
            await writer.free(conflict)
            one = {**statement["q"], "_id": document["_id"]}
            document = next(collection.found(one, writer.view), None)
            continue
        if after != document:
            writer.put(collection, document["_id"], after)
        return after != document
    return None


async def upserted(collection: StoredCollection, statement: Document, writer: Writer) -> Document:
    """The document that an upsert makes where none matches.

    One with the same `_id` is an error, unless the filter names nothing else: then it is updated.
    """
    made = inserted_by_upsert(statement["q"], statement["u"])
    try:
        await insert(collection, made, writer)
    except ServerError as why:
        if why.code != DUPLICATE or set(statement["q"]) != {"_id"}:
            raise
        return await update(collection, {**statement, "upsert": False}, writer)
    return {"n": 1, "nModified": 0, "upserted": made["_id"]}


async def delete(collection: StoredCollection, statement: Document, writer: Writer) -> Document:
    """One document or all that match."""
    if statement.keys() - {"q", "limit"}:
        raise NotModelled(f"a delete with {sorted(statement)}")
    deleted = 0
    for found in list(collection.found(statement["q"], writer.view)):
        deleted += await written(collection, found, statement, writer) is not None
        if deleted and statement["limit"] == 1:
            break
    return {"n": deleted}


STEPS: Final = {"insert": insert, "update": update, "delete": delete}


def merge(answer: Document, done: Document, number: int) -> None:
    """Count a statement."""
    answer["n"] += done["n"]
    if "nModified" in done:
        answer["nModified"] += done["nModified"]
    if "upserted" in done:
        answer.setdefault("upserted", []).append({"index": number, "_id": done["upserted"]})


def is_interruption(why: ServerError) -> bool:
    """Whether the whole operation was ended."""
    return why.code in {50, 251, 290, 11_600, 11_601, 11_602}
