"""Writes that are disturbed, refused or unavailable: what is believed, what is reported, what ends. Skipped time."""

from collections.abc import Sequence
from typing import Final

import pytest

from schemas.documents import ImportDocument
from schemas.errors import CodeServiceError, FactsStale, StoreRefused, StoreUnavailable
from schemas.observation.partitions import PartAvailable, PartUnavailable
from schemas.observation.requests import RequestUnwritable, WriteRefused
from schemas.settings import WorkerSettings
from tests.fakes.import_store import MemoryImports, MemoryObjects, Refuse
from tests.fakes.imports import an_import
from tests.fakes.time import run
from tests.unit.consumers.importer.serving import Importer, rows_of, the_command

ATTEMPTS_MAX: Final = WorkerSettings().attempts_max
CONFLICT: Final = FactsStale("OperationFailure [112]", "write_conflict")
REFUSAL: Final = StoreRefused("WriteError [121]")


def at_first(step: str, failures: Sequence[CodeServiceError]) -> Refuse:
    """A database in which the first tries of one step fail, one error each."""
    to_come = list(failures)

    def refuse(before: ImportDocument | None, after: ImportDocument) -> CodeServiceError | None:
        return to_come.pop(0) if to_come and step == step_of(before, after) else None

    return refuse


def step_of(before: ImportDocument | None, after: ImportDocument) -> str:
    """Which write it is."""
    if before is None:
        return "begin"
    if before.run != after.run:
        return "take over"
    if after.state != "running":
        return "end"
    return "chunk" if after.position != before.position else "locate"


def served(refuse: Refuse, *documents: ImportDocument) -> Importer:
    """An importer after its command, in a database that has these imports."""
    store = MemoryImports(refuse=refuse, documents={document.id: document for document in documents})
    importer = Importer(store, MemoryObjects(rows_of(100)))
    run(importer.serve())
    return importer


@pytest.mark.parametrize("step", ["begin", "locate", "chunk"])
def test_a_refusal_after_many_conflicts_is_not_believed(step: str) -> None:
    """It is the first one: what was counted before was something else."""
    importer = served(at_first(step, [*[CONFLICT] * ATTEMPTS_MAX, REFUSAL]))

    assert ("completed", 100) == (importer.end["state"], importer.end["inserted"])
    assert [] == importer.observer.of(RequestUnwritable)


@pytest.mark.parametrize(
    ("step", "reason"),
    [("begin", "invalid_request"), ("locate", "database_refused"), ("chunk", "database_refused")],
)
def test_a_refusal_that_is_repeated_is_believed(step: str, reason: str) -> None:
    """Conflicts in between change nothing; the log says once why."""
    importer = served(at_first(step, [REFUSAL, CONFLICT] * (ATTEMPTS_MAX + 1)))

    assert ("failed", reason) == (importer.end["state"], importer.end["reason"])
    assert 1 == len(importer.observer.of(RequestUnwritable))
    assert ATTEMPTS_MAX + 1 == len(importer.observer.of(WriteRefused))


def test_a_take_over_that_is_refused_says_so_again_and_again() -> None:
    """The import is there, so its command is no dead letter: it goes on when somebody has mended the validator."""
    document = an_import(**the_command(), etag=None, position=0, run="former")
    importer = served(at_first("take over", [REFUSAL] * (3 * ATTEMPTS_MAX + 1)), document)

    assert ["i-1"] * 3 == [fact.subject.request_id for fact in importer.observer.of(RequestUnwritable)]
    assert "completed" == importer.end["state"]


def test_an_outage_of_writes_is_not_ended_by_looks_for_a_cancellation() -> None:
    """The part counts as unavailable from the first write that fails to the first that is done."""
    importer = served(at_first("chunk", [StoreUnavailable("no primary")] * 20))
    parts = [type(fact) for fact in importer.observer if isinstance(fact, PartUnavailable | PartAvailable)]
    first = parts.index(PartUnavailable)

    assert [PartUnavailable] * 20 == parts[first : first + 20]
    assert "completed" == importer.end["state"]


@pytest.mark.parametrize(("chunks_before", "inserted"), [(0, 0), (2, 20)])
def test_an_import_ends_when_its_campaign_is_closed(chunks_before: int, inserted: int) -> None:
    """Rows from before the closing stay; it does not wait, and it does not reopen the campaign."""
    store = MemoryImports()
    left = [chunks_before]

    def close(before: ImportDocument | None, after: ImportDocument) -> CodeServiceError | None:
        if step_of(before, after) == "chunk":
            store.closed |= {"sale"} if left[0] == 0 else set()
            left[0] -= 1
        return None

    store.refuse = close
    importer = Importer(store, MemoryObjects(rows_of(100)), rows_per_chunk_max=10)

    run(importer.serve())

    assert ("failed", "campaign_closed") == (importer.end["state"], importer.end["reason"])
    assert inserted == importer.end["inserted"] == len(store.codes)
    assert {"sale"} == store.closed
