"""Facts of imports and their chunks."""

from dataclasses import dataclass

from schemas.documents import ImportDocument
from schemas.errors import CodeServiceError
from schemas.observation.fact import Fact


@dataclass(frozen=True, slots=True)
class ImportStarted(Fact):
    """An import is in progress here, from its beginning or from where another process left it."""

    document: ImportDocument


@dataclass(frozen=True, slots=True)
class ImportLeft(Fact):
    """An import is no longer in progress here: it has ended, or continues elsewhere."""

    document: ImportDocument


@dataclass(frozen=True, slots=True)
class ImportEnded(Fact):
    """An import is completed or failed, for good."""

    document: ImportDocument


@dataclass(frozen=True, slots=True)
class ChunkWritten(Fact):
    """An import wrote a chunk; `seconds` includes retries."""

    rows: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ChunkHalved(Fact):
    """The database was too slow for a chunk of an import: from now on chunks have at most `rows` rows."""

    document: ImportDocument
    rows: int
    error: CodeServiceError


@dataclass(frozen=True, slots=True)
class ChunkGrown(Fact):
    """Chunks have `rows` rows again, as the settings say."""

    document: ImportDocument
    rows: int
