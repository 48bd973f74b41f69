"""A client of code-service: requests codes for fans, and reads which codes were assigned.

Out: `CodesClient`; `AssignedReader` with `Store`, `MemoryStore` and `SqliteStore`; results, events and errors.
"""

from .assigned import AssignedReader
from .client import CodesClient
from .errors import CodesClientError, KafkaUnavailable, NoAnswer, UnreadableEvent
from .events import CodeAssigned
from .results import Assigned, Refused, Released, Reserved, Result
from .stores import MemoryStore, SqliteStore, Store

__all__ = [
    "Assigned",
    "AssignedReader",
    "CodeAssigned",
    "CodesClient",
    "CodesClientError",
    "KafkaUnavailable",
    "MemoryStore",
    "NoAnswer",
    "Refused",
    "Released",
    "Reserved",
    "Result",
    "SqliteStore",
    "Store",
    "UnreadableEvent",
]
