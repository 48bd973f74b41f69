"""Bulk writes: pymongo's runs of one kind, its retries and its results.

In:       operations of one call.
Out:      pymongo's result, or its `BulkWriteError`.
Promise:  runs and merged results are made by pymongo's own functions; a retry goes on where the last attempt stopped.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from pymongo import DeleteMany, DeleteOne, InsertOne, UpdateMany, UpdateOne
from pymongo.bulk_shared import _merge_command, _raise_bulk_write_error, _Run
from pymongo.helpers_shared import _RETRYABLE_ERROR_CODES

from tests.simulation.mongo.calls import Call
from tests.simulation.mongo.connections import Connections
from tests.simulation.mongo.errors import NotModelled
from tests.simulation.mongo.sessions import ClientSession
from tests.simulation.mongo.values import Document, encoded

INSERT, UPDATE, DELETE = 0, 1, 2
COMMANDS: Final = ("insert", "update", "delete")
FIELDS: Final = ("documents", "updates", "deletes")

Operation = InsertOne[Document] | UpdateOne | UpdateMany | DeleteOne | DeleteMany


class Bulk:
    """One call of `bulk_write` or `insert_many`."""

    def __init__(self, database: str, name: str, *, ordered: bool, concern: Document) -> None:
        self._target = {"$db": database}
        self._name = name
        self._ordered = ordered
        self._concern = concern
        self._operations: list[tuple[int, Document]] = []
        self._is_retryable = True
        self._result: Document = {
            "writeErrors": [],
            "writeConcernErrors": [],
            "nInserted": 0,
            "nUpserted": 0,
            "nMatched": 0,
            "nModified": 0,
            "nRemoved": 0,
            "upserted": [],
        }

    def insert(self, document: Document) -> None:
        """Add an insert."""
        if "_id" not in document:
            raise NotModelled("a document without _id: the simulation makes no ids")
        self._operations.append((INSERT, encoded(document)))

    def add(self, operation: Operation) -> None:
        """Add an operation of a `bulk_write`."""
        if isinstance(operation, InsertOne):
            self.insert(operation._doc)  # type: ignore[arg-type]
        elif isinstance(operation, UpdateOne | UpdateMany):
            is_multi = isinstance(operation, UpdateMany)
            wanted, change = encoded(operation._filter), encoded(operation._doc)
            statement = {"q": wanted, "u": change, "multi": is_multi, "upsert": bool(operation._upsert)}
            self._operations.append((UPDATE, statement))
            self._is_retryable = self._is_retryable and not is_multi
        else:
            limit = 1 if isinstance(operation, DeleteOne) else 0
            self._operations.append((DELETE, {"q": encoded(operation._filter), "limit": limit}))
            self._is_retryable = self._is_retryable and limit == 1

    async def execute(self, connections: Connections, session: ClientSession | None) -> Document:
        """All of it.

        Raises:
            BulkWriteError: errors of single writes, and of the write concern.
            PyMongoError: a command as a whole failed.
        """
        runs = iter(list(self._runs()))
        sender = Sender(connections, self, runs)
        await connections.call("bulk", sender.send, session, is_read=False, retryable=self._is_retryable)
        if self._result["writeErrors"] or self._result["writeConcernErrors"]:
            _raise_bulk_write_error(self._result)
        return self._result

    def command(self, run: _Run) -> Document:
        """The command of a run."""
        name = COMMANDS[run.op_type]
        return {
            name: self._name,
            "ordered": self._ordered,
            FIELDS[run.op_type]: run.ops,
            **self._target,
            **({"writeConcern": self._concern} if self._concern else {}),
        }

    def merge(self, run: _Run, answer: Document) -> bool:
        """Add a run's answer; whether to go on."""
        concern = answer.get("writeConcernError", {})
        if concern.get("code", 0) in _RETRYABLE_ERROR_CODES:
            full = {**self._result, "writeErrors": list(self._result["writeErrors"])}
            full["writeConcernErrors"] = list(self._result["writeConcernErrors"])
            full["upserted"] = list(self._result["upserted"])
            _merge_command(run, full, 0, answer)
            _raise_bulk_write_error(full)
        _merge_command(run, self._result, 0, answer)
        return not (self._ordered and self._result["writeErrors"])

    def _runs(self) -> Iterator[_Run]:
        if self._ordered:
            return runs_in_order(self._operations)
        return runs_by_kind(self._operations)


class Sender:
    """Sends the runs; remembers across retries which one it is at."""

    def __init__(self, connections: Connections, bulk: Bulk, runs: Iterator[_Run]) -> None:
        self._connections = connections
        self._bulk = bulk
        self._runs = runs
        self._current = next(runs, None)
        self._has_number = True
        """The first run's transaction number was taken before the first attempt."""

    async def send(self, call: Call) -> None:
        """Send what was not answered yet."""
        while self._current is not None:
            if call.retryable and not self._has_number:
                call.session.next_number()
                self._has_number = True
            command = self._bulk.command(self._current)
            answer = await self._connections.command(call, command, retryable=call.retryable)
            goes_on = self._bulk.merge(self._current, answer)
            call.is_retrying = False
            self._has_number = False
            self._current = next(self._runs, None) if goes_on else None


def runs_in_order(operations: Sequence[tuple[int, Document]]) -> Iterator[_Run]:
    """A run for each sequence of operations of the same kind."""
    run: _Run | None = None
    for number, (kind, body) in enumerate(operations):
        if run is None or run.op_type != kind:
            if run is not None:
                yield run
            run = _Run(kind)
        run.add(number, body)
    if run is not None:
        yield run


def runs_by_kind(operations: Iterable[tuple[int, Document]]) -> Iterator[_Run]:
    """One run for each kind."""
    runs = [_Run(kind) for kind in (INSERT, UPDATE, DELETE)]
    for number, (kind, body) in enumerate(operations):
        runs[kind].add(number, body)
    return (run for run in runs if run.ops)
