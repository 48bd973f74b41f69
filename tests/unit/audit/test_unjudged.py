"""What must hold: what the audit could not judge is counted, so that it never says "nothing lost" of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Final

import pytest

from audit.audit import audit
from audit.history import History
from audit.report import AuditReport
from cli.commands.audit import _code
from ops.exit_codes import Exit
from schemas.base import rfc3339
from schemas.records import IncomingRecord
from schemas.topics import ALL_TOPICS
from tests.fakes.builders import NOW, milliseconds
from tests.fakes.history import CODES, a_history, saying, with_records

NOW_MS: Final = milliseconds(NOW)
HOUR_MS: Final = 3_600_000
YEAR_MS: Final = 365 * 24 * HOUR_MS
DECIDED: Final = rfc3339(NOW + timedelta(seconds=1))

clean = cache(a_history)


def sentences(report: AuditReport, words: str) -> list[str]:
    """What could not be judged, of one kind."""
    return [sentence for sentence in report.not_judged if words in sentence]


def refused_for_lack_of_stock(history: History) -> History:
    """All refusals `out_of_stock` decided within a second, whatever the clock says."""

    def doctor(records: list[IncomingRecord]) -> list[IncomingRecord]:
        return [
            saying(record, decided_at=DECIDED) if b'"out_of_stock"' in (record.value or b"") else record
            for record in records
        ]

    return with_records(history, "results.v1", doctor)


def test_a_history_whose_topics_are_all_emptied_is_not_sound() -> None:
    """Nothing is found, for nothing can be; assigned codes, decisions, shards and imports are counted."""
    history = replace(
        clean(),
        records={topic.name: [] for topic in ALL_TOPICS},
        retained_since_ms={topic.name: NOW_MS + YEAR_MS for topic in ALL_TOPICS},
        expired_topics=frozenset(topic.name for topic in ALL_TOPICS),
    )

    report = audit(history)

    assert (0, CODES, ()) == (report.tally.requests, report.tally.codes, report.findings)
    assert Exit.NOT_JUDGED == _code(report)
    assigned = sum(code.status == "assigned" for code in history.database.codes)
    shards, decisions = len(history.database.inventory), len(history.database.requests)
    counts = [sentence.partition(", because ")[0] for sentence in report.not_judged]
    assert [
        f"{decisions} decisions in the ledger",
        f"{assigned} assigned codes",
        f"{shards} shards",
        "1 imports in the database",
    ] == counts


def test_a_refusal_without_the_stock_of_its_time_is_counted() -> None:
    """The events of the shards are gone."""
    emptied = with_records(refused_for_lack_of_stock(clean()), "inventory.v1", lambda _: [])
    shards = [{**shard, "version": shard["version"] + 1} for shard in clean().database.inventory]
    moved_since = replace(emptied, database=replace(emptied.database, inventory=shards))

    assert ["1 refusals as out_of_stock, because inventory.v1 does not show the stock of that time"] == sentences(
        audit(moved_since), "out_of_stock"
    )


def test_a_refusal_whose_request_is_gone_is_counted() -> None:
    """When it was asked is not known."""
    history = with_records(
        refused_for_lack_of_stock(clean()),
        "reserve.requests.v1",
        lambda records: [record for record in records if b'"r-4"' not in (record.value or b"")],
    )

    assert sentences(audit(history), "1 refusals as out_of_stock")


def late_assign(history: History, *, without: str) -> History:
    """`a-2` was refused as if `r-2` had ended before; `without` is the request or the release that would show it."""
    late = with_records(
        history,
        "results.v1",
        lambda records: [
            saying(record, reason="reservation_released", reservation_id="r-2")
            if b'"a-2"' in (record.value or b"")
            else record
            for record in records
            if without != "release" or b'"released"' not in (record.value or b"")
        ],
    )
    if without != "request":
        return late
    return with_records(
        late,
        "assign.requests.v1",
        lambda records: [record for record in records if b'"a-2"' not in (record.value or b"")],
    )


@pytest.mark.parametrize(("without", "count"), [("", 0), ("request", 1), ("release", 1)])
def test_a_late_assign_without_its_records_is_counted(without: str, count: int) -> None:
    """Whether it was late, or who ended the reservation, is not known."""
    report = audit(late_assign(clean(), without=without))

    assert count == len(sentences(report, "1 refused assigns"))


@pytest.mark.parametrize("topic", ["results.v1", "assigned.v1", "inventory.v1", "imports.v1", "dead-letters.v1"])
def test_what_an_open_transaction_may_hide_is_not_lost(topic: str) -> None:
    """Its records may be committed in the next moment; what is missing is counted."""
    hidden = replace(
        with_records(clean(), topic, lambda _: []), blocked_by_open_transaction=frozenset({topic}), is_quiet=False
    )

    report = audit(hidden)

    assert 0 == report.count("lost")
    assert sentences(report, f"because an open transaction hides records of {topic}")


def as_it_is(history: History) -> History:
    """Nothing is missing."""
    return history


@pytest.mark.parametrize("doctor", [as_it_is, refused_for_lack_of_stock])
def test_an_open_transaction_that_hides_nothing_needed_counts_nothing(doctor: Callable[[History], History]) -> None:
    """All answers and events are there."""
    report = audit(
        replace(doctor(clean()), blocked_by_open_transaction=frozenset(topic.name for topic in ALL_TOPICS))
    )

    assert [] == sentences(report, "open transaction")
