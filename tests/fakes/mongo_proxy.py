"""A proxy that speaks MongoDB's wire protocol, and answers errors to chosen statements in the server's place.

In:   the address of a database; which statement shall fail next, how, and with which codes.
Out:  an address of its own; the statements that passed.

It works in front of every engine, where a failpoint would need a mongod. It must be the only address that the client
knows (`directConnection=true`), and the client must not compress what it sends.
"""

import asyncio
import struct
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit

import bson

Manner = Literal["instead", "after", "cut"]
"""The error comes instead of the statement; or after it was done; or it was done and the connection breaks."""

HEADER: Final = struct.Struct("<iiii")
OP_MSG: Final = 2013
BODY: Final = 0
FIRST_SECTION: Final = HEADER.size + 4
WRITES: Final = frozenset({"insert", "update", "delete"})
HEARTBEAT: Final = "heartbeatFrequencyMS=500"
"""After an error of a primary that steps down, the driver asks again who is primary. A server that does step down
tells it at once; this one does not, and by default the driver would wait for that for 10 s."""
LABELLED: Final = frozenset({6, 7, 24, 89, 91, 112, 134, 189, 246, 251, 262, 9001, 10107, 11600, 11602, 13435, 13436})
"""Codes to which a server adds that the transaction may be tried again."""


class Statement(NamedTuple):
    """What is asked of which collection; "" where it is asked of none."""

    command: str
    collection: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """One statement that fails."""

    code: int
    manner: Manner = "instead"
    of_write: bool = False
    """Said of the single write, in an answer that is otherwise well."""


@dataclass(slots=True)
class MongoProxy:
    """Lives for one role."""

    host: str
    target_port: int
    port: int = 0
    seen: Counter[Statement] = field(default_factory=Counter)
    bodies: dict[Statement, Mapping[str, Any]] = field(default_factory=dict)
    """The last one of each."""
    _faults: dict[Statement, deque[Fault]] = field(default_factory=dict)
    _server: asyncio.Server | None = None
    _open: dict[asyncio.Task[None], asyncio.StreamWriter] = field(default_factory=dict)

    def fail(self, statement: Statement, faults: Iterable[Fault]) -> None:
        """Let the next of these statements fail, one fault each."""
        self._faults.setdefault(statement, deque()).extend(faults)

    @property
    def left(self) -> dict[Statement, int]:
        """Faults that have not happened yet."""
        return {statement: len(faults) for statement, faults in self._faults.items() if faults}

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Cut off whoever is there."""
        if self._server is not None:
            self._server.close()
        for writer in self._open.values():
            writer.transport.abort()
        await asyncio.gather(*self._open)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        with suppress(OSError):
            there, back = await asyncio.open_connection(self.host, self.target_port)
            replaced: dict[int, tuple[Fault, Mapping[str, Any]]] = {}
            await asyncio.gather(
                self._ask(reader, back, writer, replaced), self._answer(there, writer, back, replaced)
            )
        writer.transport.abort()
        del self._open[task]

    async def _ask(
        self,
        reader: asyncio.StreamReader,
        back: asyncio.StreamWriter,
        writer: asyncio.StreamWriter,
        replaced: dict[int, tuple[Fault, Mapping[str, Any]]],
    ) -> None:
        """What the client asks, on its way to the server, unless it fails here."""
        async for request_id, _, message in messages(reader):
            body = body_of(message)
            fault = self._next_fault(body)
            if fault is not None and fault.manner == "instead":
                writer.write(answer(request_id, error_of(fault, body)))
                continue
            if fault is not None:
                replaced[request_id] = fault, body
            back.write(message)
        back.transport.abort()

    async def _answer(
        self,
        there: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        back: asyncio.StreamWriter,
        replaced: dict[int, tuple[Fault, Mapping[str, Any]]],
    ) -> None:
        """What the server answers, unless that gets lost here."""
        async for _, response_to, message in messages(there):
            fault, body = replaced.pop(response_to, (None, {}))
            if fault is not None and fault.manner == "cut":
                break
            writer.write(message if fault is None else answer(response_to, error_of(fault, body)))
        writer.transport.abort()
        back.transport.abort()

    def _next_fault(self, body: Mapping[str, Any]) -> Fault | None:
        statement = statement_of(body)
        self.seen[statement] += 1
        self.bodies[statement] = body
        faults = self._faults.get(statement)
        return faults.popleft() if faults else None


async def messages(reader: asyncio.StreamReader) -> AsyncIterator[tuple[int, int, bytes]]:
    """Whole messages, each with its id and that of the one it answers."""
    with suppress(OSError, asyncio.IncompleteReadError):
        while True:
            head = await reader.readexactly(HEADER.size)
            length, request_id, response_to, _ = HEADER.unpack(head)
            yield request_id, response_to, head + await reader.readexactly(length - HEADER.size)


def body_of(message: bytes) -> Mapping[str, Any]:
    """The command; {} for what drivers greet with."""
    if HEADER.unpack_from(message)[3] != OP_MSG or message[FIRST_SECTION] != BODY:
        return {}
    (size,) = struct.unpack_from("<i", message, FIRST_SECTION + 1)
    found: Mapping[str, Any] = bson.decode(message[FIRST_SECTION + 1 : FIRST_SECTION + 1 + size])
    return found


def statement_of(body: Mapping[str, Any]) -> Statement:
    """By the command's first field; of `getMore` the collection stands elsewhere."""
    command = next(iter(body), "")
    named = body.get("collection") if command == "getMore" else body.get(command)
    return Statement(command, named if isinstance(named, str) else "")


def error_of(fault: Fault, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The server's words for it; code 0 says that all went well, and nothing was done."""
    if fault.code == 0:
        return {"ok": 1.0}
    wrong = {"code": fault.code, "errmsg": "as the test wants it"}
    if fault.of_write and next(iter(body)) in WRITES:
        return {"ok": 1.0, "n": 0, "nModified": 0, "writeErrors": [{"index": 0, **wrong}]}
    in_transaction = body.get("autocommit") is False and "commitTransaction" not in body
    labels = ["TransientTransactionError"] if in_transaction and fault.code in LABELLED else []
    return {"ok": 0.0, **wrong, "codeName": f"Code{fault.code}", **({"errorLabels": labels} if labels else {})}


def answer(response_to: int, document: Mapping[str, Any]) -> bytes:
    """A message to the client."""
    content = struct.pack("<IB", 0, BODY) + bson.encode(document)
    return HEADER.pack(HEADER.size + len(content), 0, response_to, OP_MSG) + content


@asynccontextmanager
async def mongo_proxied(address: str) -> AsyncIterator[tuple[MongoProxy, str]]:
    """A proxy of the database at this address; and the same address by way of it."""
    parts = urlsplit(address)
    assert parts.hostname is not None
    assert parts.port is not None
    proxy = MongoProxy(parts.hostname, parts.port)
    await proxy.start()
    try:
        through = address.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{proxy.port}")
        yield proxy, f"{through}&{HEARTBEAT}"
    finally:
        await proxy.stop()
