"""What must hold on a deployment older than its retention: each pair of topics is judged as far as both reach."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from audit.audit import audit
from audit.history import History
from audit.report import AuditReport
from audit.terms import CLOCKS_APART_MS
from schemas.records import IncomingRecord
from schemas.topics import ALL_TOPICS
from tests.fakes.builders import NOW, milliseconds
from tests.fakes.history import a_history, saying, with_records

clean = cache(a_history)

NOW_MS = milliseconds(NOW)
HOUR_MS = 3_600_000
LONG_AGO_MS = NOW_MS - HOUR_MS


def without(history: History, topic: str, *words: bytes) -> History:
    """Without the records of a topic that say one of these words."""
    return with_records(
        history, topic, lambda records: [record for record in records if not saying_any(record, words)]
    )


def saying_any(record: IncomingRecord, words: tuple[bytes, ...]) -> bool:
    """Whether a record has one of the words in it."""
    return any(word in (record.value or b"") for word in words)


def moved(history: History, topic: str, to_ms: int, *words: bytes) -> History:
    """With the time of some records another."""

    def doctor(records: list[IncomingRecord]) -> list[IncomingRecord]:
        return [replace(record, timestamp_ms=to_ms) if saying_any(record, words) else record for record in records]

    return with_records(history, topic, doctor)


def reaching(history: History, **reach: int) -> History:
    """With topics that reach back so far only; `_` stands for `.` and `-`."""
    names = {topic.name.replace(".", "_").replace("-", "_"): topic.name for topic in ALL_TOPICS}
    return replace(history, retained_since_ms={names[name]: since_ms for name, since_ms in reach.items()})


def kinds(report: AuditReport) -> dict[str, int]:
    """Findings by kind."""
    return {kind: report.count(kind) for kind in ("lost", "doubled", "drift") if report.count(kind)}


def old_request(history: History) -> History:
    """`r-2` was asked an hour before all others."""
    return moved(history, "reserve.requests.v1", LONG_AGO_MS, b'"r-2"')


def test_an_answer_is_not_missed_where_its_topic_does_not_reach() -> None:
    """How many requests, and why, is said; all others are judged."""
    gone = without(old_request(clean()), "results.v1", b'"request_id":"r-2"')

    report = audit(reaching(gone, results_v1=NOW_MS - CLOCKS_APART_MS))

    assert {} == kinds(report)
    [sentence] = report.not_judged
    assert sentence.startswith("1 requests, because results.v1 holds all records only since 2026-11-24T")


def test_an_answer_is_missed_as_soon_as_its_topic_reaches() -> None:
    """The topic's first record is half an hour old; the request came after it."""
    gone = without(old_request(clean()), "results.v1", b'"request_id":"r-1"')

    report = audit(reaching(gone, results_v1=NOW_MS - HOUR_MS // 2))

    assert {"lost": 1} == kinds(report)


def test_other_topics_do_not_matter_to_a_pair() -> None:
    """Dead letters, events and assigns that have no record left hide no loss among the results."""
    gone = without(clean(), "results.v1", b'"request_id":"r-1"')
    later = NOW_MS + HOUR_MS

    report = audit(reaching(gone, dead_letters_v1=later, inventory_v1=later, assigned_v1=later, imports_v1=later))

    assert "lost" in kinds(report)


def test_an_answer_whose_request_is_gone_is_not_doubled() -> None:
    """Its partition's first request that is left was answered later."""
    shortened = without(moved(clean(), "results.v1", LONG_AGO_MS, b'"r-1"'), "reserve.requests.v1", b'"r-1"')

    report = audit(reaching(shortened, reserve_requests_v1=NOW_MS))

    assert {} == kinds(report)
    assert any(sentence.endswith("are gone from reserve.requests.v1") for sentence in report.not_judged)


def test_an_answer_after_the_first_that_is_left_can_be_doubled() -> None:
    """All that is gone was answered before the first request that is left."""
    doubled = with_records(
        clean(), "results.v1", lambda records: [*records, replace(records[1], timestamp_ms=NOW_MS + HOUR_MS)]
    )
    both = moved(doubled, "results.v1", NOW_MS + HOUR_MS, b'"request_id":"r-2"')

    report = audit(reaching(both, reserve_requests_v1=NOW_MS - HOUR_MS))

    assert {"doubled": 1} == kinds(report)


def test_an_emptied_partition_keeps_results_of_its_time_from_being_doubled() -> None:
    """Which ids the removed records had is not known; the report says how many results that leaves."""
    doubled = with_records(clean(), "results.v1", lambda records: [*records, records[1]])
    emptied = replace(
        reaching(doubled, reserve_requests_v1=NOW_MS), expired_topics=frozenset({"reserve.requests.v1"})
    )

    report = audit(emptied)

    assert {} == kinds(report)
    assert any(sentence.endswith("are gone from reserve.requests.v1") for sentence in report.not_judged)


def test_an_emptied_partition_does_not_hide_what_is_doubled_later() -> None:
    """What it lost was older than the retention; `r-2` was sent after that, and answered twice."""
    doubled = with_records(clean(), "results.v1", lambda records: [*records, records[1]])
    reach = reaching(doubled, reserve_requests_v1=NOW_MS - HOUR_MS)

    report = audit(replace(reach, expired_topics=frozenset({"reserve.requests.v1"})))

    assert {"doubled": 1} == kinds(report)
    assert not any("being there twice" in sentence for sentence in report.not_judged)


def test_an_answer_from_before_its_request_is_the_removed_ones() -> None:
    """The same id was sent before, in the partition that lost everything."""
    doubled = with_records(
        clean(), "results.v1", lambda records: [*records, replace(records[1], timestamp_ms=LONG_AGO_MS)]
    )
    reach = reaching(doubled, reserve_requests_v1=LONG_AGO_MS)

    report = audit(replace(reach, expired_topics=frozenset({"reserve.requests.v1"})))

    assert {} == kinds(report)


@pytest.mark.parametrize(
    ("topic", "kind"), [("inventory.v1", "drift"), ("assigned.v1", "lost"), ("imports.v1", "lost")]
)
def test_events_are_missed_only_where_their_topic_reaches(topic: str, kind: str) -> None:
    """What was caused before may have had one."""
    empty = with_records(clean(), topic, lambda _: [])
    caused_ms = max(milliseconds(reservation["changed_at"]) for reservation in clean().database.reservations)
    later = {topic.replace(".", "_"): max(caused_ms, NOW_MS) + HOUR_MS}
    before = {topic.replace(".", "_"): min(caused_ms, NOW_MS) - HOUR_MS}

    after, earlier = audit(reaching(empty, **later)), audit(reaching(empty, **before))

    assert kind not in kinds(after)
    assert any(f", because {topic} holds all records only since" in sentence for sentence in after.not_judged)
    assert kind in kinds(earlier)
    assert not any(topic in sentence for sentence in earlier.not_judged)


def test_unreadable_records_are_judged_by_the_dead_letters() -> None:
    """They are kept longer than all else."""
    gone = with_records(clean(), "dead-letters.v1", lambda _: [])

    known = audit(reaching(gone, dead_letters_v1=NOW_MS - HOUR_MS, results_v1=NOW_MS + HOUR_MS))
    unknown = audit(reaching(gone, dead_letters_v1=NOW_MS + HOUR_MS))

    assert 1 == known.count("lost")
    assert 0 == unknown.count("lost")
    assert any(
        sentence.startswith("1 records without a request id, because dead-letters") for sentence in unknown.not_judged
    )


def test_what_the_ledger_says_is_compared_with_decisions_only() -> None:
    """A refusal of a second use outlives the answer that retention removed."""
    reused = with_records(
        clean(),
        "results.v1",
        lambda records: [saying(records[0], outcome="refused", reason="request_id_reused", code_ids=[])],
    )

    assert 0 == audit(reaching(reused, results_v1=NOW_MS + HOUR_MS, reserve_requests_v1=NOW_MS)).count("drift")


@pytest.mark.parametrize("doctor", [lambda history: history, old_request])
def test_a_sound_history_has_nothing_that_is_not_judged(doctor: Callable[[History], History]) -> None:
    """Whatever the ages."""
    assert () == audit(doctor(clean())).not_judged
