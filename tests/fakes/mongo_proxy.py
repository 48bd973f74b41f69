"""A proxy that speaks MongoDB's wire protocol, and answers chosen statements with errors in the server's place.

In:   the address of a database; which statements fail next, how, and with which codes.
Out:  an address of its own; the statements that passed.

It works with every engine, where a failpoint would need a mongod. It must be the client's only address
(`directConnection=true`), and the client must not use compression.
"""

import asyncio
import struct
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

import bson

from tests.fakes.relay import Ends, Relay, relayed

Manner = Literal["instead", "after", "cut"]
"""The error replaces the statement; or it follows its execution; or the connection breaks after the execution."""

HEADER: Final = struct.Struct("<iiii")
OP_MSG: Final = 2013
BODY: Final = 0
FIRST_SECTION: Final = HEADER.size + 4
WRITES: Final = frozenset({"insert", "update", "delete"})
HEARTBEAT: Final = "heartbeatFrequencyMS=500"
"""After an error of a primary that steps down, the driver looks for the new primary. A real server reports that at
once; this one does not, and the default interval of the driver is 10 s."""
LABELLED: Final = frozenset({6, 7, 24, 89, 91, 112, 134, 189, 246, 251, 262, 9001, 10107, 11600, 11602, 13435, 13436})
"""Codes that a server labels as transient in a transaction."""


class Statement(NamedTuple):
    """A command and its collection; "" for commands without one."""

    command: str
    collection: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """One statement that fails."""

    code: int
    manner: Manner = "instead"
    of_write: bool = False
    """Report it as a write error in a successful answer."""


Replaced = dict[int, tuple[Fault, Mapping[str, Any]]]
"""Faults of statements on their way, by request id, with the statement's body."""


class MongoProxy(Relay):
    """Lives for one role."""

    def __init__(self, host: str, target_port: int) -> None:
        super().__init__(host, target_port)
        self.seen: Counter[Statement] = Counter()
        self.bodies: dict[Statement, Mapping[str, Any]] = {}
        """The last body of each statement."""
        self._faults: dict[Statement, deque[Fault]] = {}

    def fail(self, statement: Statement, faults: Iterable[Fault]) -> None:
        """Let the next of these statements fail, one fault each."""
        self._faults.setdefault(statement, deque()).extend(faults)

    @property
    def left(self) -> dict[Statement, int]:
        """Faults that have not happened yet."""
        return {statement: len(faults) for statement, faults in self._faults.items() if faults}

    async def relay(self, ends: Ends) -> None:
        replaced: Replaced = {}
        await asyncio.gather(self._pass_statements(ends, replaced), self._pass_answers(ends, replaced))

    async def _pass_statements(self, ends: Ends, replaced: Replaced) -> None:
        """From the client to the server, but for statements that fail here."""
        async for request_id, _, message in messages(ends.from_client):
            body = body_of(message)
            fault = self._next_fault(body)
            if fault is not None and fault.manner == "instead":
                ends.to_client.write(answer(request_id, error_of(fault, body)))
                continue
            if fault is not None:
                replaced[request_id] = fault, body
            ends.to_part.write(message)
        ends.to_part.transport.abort()

    async def _pass_answers(self, ends: Ends, replaced: Replaced) -> None:
        """From the server to the client, but for answers that are replaced or lost."""
        async for _, response_to, message in messages(ends.from_part):
            fault, body = replaced.pop(response_to, (None, {}))
            if fault is not None and fault.manner == "cut":
                break
            ends.to_client.write(message if fault is None else answer(response_to, error_of(fault, body)))
        ends.abort()

    def _next_fault(self, body: Mapping[str, Any]) -> Fault | None:
        statement = statement_of(body)
        self.seen[statement] += 1
        self.bodies[statement] = body
        faults = self._faults.get(statement)
        return faults.popleft() if faults else None


async def messages(reader: asyncio.StreamReader) -> AsyncIterator[tuple[int, int, bytes]]:
    """Whole messages, each with its id and the id of the message that it answers."""
    with suppress(OSError, asyncio.IncompleteReadError):
        while True:
            head = await reader.readexactly(HEADER.size)
            length, request_id, response_to, _ = HEADER.unpack(head)
            yield request_id, response_to, head + await reader.readexactly(length - HEADER.size)


def body_of(message: bytes) -> Mapping[str, Any]:
    """The command; {} for a driver's first hello."""
    if HEADER.unpack_from(message)[3] != OP_MSG or message[FIRST_SECTION] != BODY:
        return {}
    (size,) = struct.unpack_from("<i", message, FIRST_SECTION + 1)
    found: Mapping[str, Any] = bson.decode(message[FIRST_SECTION + 1 : FIRST_SECTION + 1 + size])
    return found


def statement_of(body: Mapping[str, Any]) -> Statement:
    """From the command's first field; `getMore` names the collection in another field."""
    command = next(iter(body), "")
    named = body.get("collection") if command == "getMore" else body.get(command)
    return Statement(command, named if isinstance(named, str) else "")


def error_of(fault: Fault, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The server's answer for a fault; code 0 reports success without execution."""
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
    async with relayed(MongoProxy, address) as (proxy, through):
        yield proxy, f"{through}&{HEARTBEAT}"
