"""Which record is the answer to a request or command that somebody waits for."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

from cli.jobs.publishing import answer_ids, first_answer
from cli.jobs.tailing import ReadPosition
from consumers.importer.outputs import failed_records, progress_records
from handlers.imports.progress import begun, ended, located
from ops.broker.patience import Patience
from ops.broker.reading import TopicReader
from ops.publishing import Order, Sent
from producers.envelope import result_record
from schemas.records import Asked, IncomingRecord, OutgoingRecord
from schemas.requests import ImportCommand, content_digest
from schemas.results import Result
from schemas.topics import Topics
from tests.fakes.builders import NOW, a_reserve, asked

TOPICS = Topics("codes.")


def a_command(key: str) -> ImportCommand:
    """All of these have the same id."""
    return ImportCommand(request_id="i-1", campaign_id="sale", bucket="files", key=key)


def asked_at(command: ImportCommand, offset: int) -> Asked[ImportCommand]:
    """A command in its record."""
    record = IncomingRecord("codes.import.commands.v1", 0, offset, 1_795_485_600_000, b"sale", b"{}", ())
    return Asked(command, content_digest(command), f"import.commands.v1.0@{offset}", record)


def import_events(first: Asked[ImportCommand], second: Asked[ImportCommand]) -> list[OutgoingRecord]:
    """The first one runs, the second one is refused meanwhile, then the first one ends."""
    document = begun(first, run="r", now=NOW)
    seen = located(document, etag='"e"', size_bytes=10, gzip=False, now=NOW)
    end = ended(seen, "completed", None, None, now=NOW)
    return [
        *progress_records(document, [], first.record, TOPICS),
        *failed_records(second, "request_id_reused", TOPICS),
        *progress_records(end, [], first.record, TOPICS),
    ]


class Reader:
    """Gives these records at once."""

    def __init__(self, records: Sequence[OutgoingRecord]) -> None:
        self.records = records

    async def poll(self, _patience: Patience) -> list[IncomingRecord]:
        return [
            IncomingRecord(record.topic, 0, number, 0, record.key, record.value, record.headers)
            for number, record in enumerate(self.records)
        ]

    async def positions(self) -> dict[Any, int]:
        raise AssertionError("the answer was not found")


def answer_of(order: Order, topic: str, offset: int, records: Sequence[OutgoingRecord]) -> tuple[Any, list[Any]]:
    """What its sender takes for the answer, and for progress."""
    sent = Sent(order.request_id, topic, 0, offset, "k")
    progress: list[Any] = []
    reader = cast("TopicReader", Reader(records))
    ids = answer_ids(order, sent, TOPICS)
    answering = first_answer(reader, order.request_id, ids, progress.append, ReadPosition(), cast("Patience", None))
    return asyncio.run(answering), progress


def test_a_refusal_of_another_command_is_not_the_end_of_an_import() -> None:
    """Whoever reuses the id is refused; the import goes on, and so does the wait for it."""
    ours = a_command("spring.csv")
    events = import_events(asked_at(ours, 7), asked_at(a_command("other.csv"), 9))
    answer, progress = answer_of(ours, "codes.import.commands.v1", 7, events)

    assert ("completed", None) == (answer["state"], answer["reason"])
    assert ["running"] == [event["state"] for event in progress]


def test_a_command_that_is_refused_is_not_answered_by_the_other_one() -> None:
    """Its own refusal is its answer, even if the import of that id ends first."""
    ours = a_command("other.csv")
    running, refused, end = import_events(asked_at(a_command("spring.csv"), 7), asked_at(ours, 9))
    answer, _ = answer_of(ours, "codes.import.commands.v1", 9, [running, end, refused])

    assert ("failed", "request_id_reused") == (answer["state"], answer["reason"])


def test_a_result_of_another_request_with_the_same_id_is_not_ours() -> None:
    """Each is answered by its own content."""
    ours, other = a_reserve(quantity=1), a_reserve(quantity=2)
    records = [
        result_record(a_result(ours.request_id, "request_id_reused"), asked(other), TOPICS),
        result_record(a_result(ours.request_id, "out_of_stock"), asked(ours), TOPICS),
    ]
    answer, _ = answer_of(ours, "codes.reserve.requests.v1", 7, records)

    assert "out_of_stock" == answer["reason"]


def a_result(request_id: str, reason: Any) -> Result:
    """A refusal."""
    return Result(request_id=request_id, operation="reserve", outcome="refused", reason=reason, decided_at=NOW)
