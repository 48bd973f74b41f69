"""What must hold: the audit passes a sound history, and finds each way in which one can be unsound."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from audit.audit import audit
from audit.code_search import Secrets
from audit.history import CodeRow, Database, History
from audit.report import AuditReport, Kind
from tests.fakes.history import CODES, saying, with_records
from tests.unit.audit.doctored import DOCTORED, changed, clean, doubled, dropped


def kinds(report: AuditReport) -> set[Kind]:
    """What kinds of findings there are."""
    return {finding.kind for finding in report.findings}


def test_a_sound_history_passes() -> None:
    """No finding, and nothing left out."""
    report = audit(clean())

    assert () == report.findings
    assert () == report.left_out
    assert report.sound


def test_the_tally_adds_up() -> None:
    """Each result is counted under one outcome, and who got none is a dead letter."""
    tally = audit(clean()).tally

    assert tally.results == tally.reserved + tally.assigned + tally.released + tally.expired + tally.refused
    assert (13, 12, 2) == (tally.requests, tally.results, tally.dead_letters)
    assert (5, 2, 1, 1, 3) == (tally.reserved, tally.assigned, tally.released, tally.expired, tally.refused)
    assert (CODES, 1) == (tally.codes, tally.imports)


@pytest.mark.parametrize("case", DOCTORED)
def test_a_doctored_history_is_seen_through(case: str) -> None:
    """Each way of being unsound is found as what it is."""
    doctor, kind = DOCTORED[case]

    report = audit(doctor(clean()))

    assert kind in kinds(report)
    assert not report.sound


@pytest.mark.parametrize("case", DOCTORED)
def test_no_finding_contains_a_code(case: str) -> None:
    """An audit's report may be shown to anybody."""
    doctored = DOCTORED[case][0](clean())
    secrets = Secrets({code.value: code.id for code in doctored.database.codes})

    sentences = [finding.what for finding in audit(doctored).findings]

    assert [] == [sentence for sentence in sentences if list(secrets.found_in(sentence))]


def test_work_under_way_is_no_loss() -> None:
    """What is not committed yet may be unanswered, and may be answered already."""
    history = clean()
    places = {(record.topic, record.partition): 0 for records in history.records.values() for record in records}
    at_work = replace(dropped("results.v1", 0)(history), committed=places, is_quiet=False)

    report = audit(at_work)

    assert 0 == report.count("lost")
    assert 0 == report.count("doubled")
    assert any("at work" in sentence for sentence in report.left_out)


def test_what_retention_removed_is_no_loss() -> None:
    """Requests older than what is left are not judged; sums over all events neither."""
    history = clean()
    since_ms = max(record.timestamp_ms for records in history.records.values() for record in records) + 1
    shortened = dropped("results.v1", 0)(dropped("inventory.v1", 0)(replace(history, since_ms=since_ms)))

    report = audit(shortened)

    assert () == report.findings
    assert any("retention" in sentence for sentence in report.left_out)


def test_at_least_once_may_repeat_but_not_change() -> None:
    """A result or an event may come again under its ce_id; another body under it is still a finding."""
    again = doubled("assigned.v1", 0)(doubled("results.v1", 0)(clean()))
    other = changed("results.v1", 4, lambda record: saying(record, code_ids=["c-9"]))(clean())

    assert () == audit(replace(again, guarantee="at_least_once")).findings
    assert {"doubled"} <= kinds(audit(replace(other, guarantee="at_least_once")))


def test_many_codes_take_seconds() -> None:
    """One look at each text, however many codes there are: 100,000 codes and 20,000 log lines."""
    codes = [CodeRow(f"i-{n}", "c", f"PROMO-2026-{n:08d}", "tm", "available", "i-1") for n in range(100_000)]
    lines = "\n".join(f'{{"event": "batch", "topic": "t.reserve.requests.v1", "n": {n}}}' for n in range(20_000))
    history = History(records={}, database=Database(codes=codes), texts={"log": f"{lines}\ncode=PROMO-2026-00077777"})

    found = [finding.what for finding in audit(history).findings if finding.kind == "leak"]

    assert ["log, line 20001: the value of code i-77777"] == found


def erased(history: History, fan_id: Callable[[int], str]) -> History:
    """With random ids in place of every fan's, in the database alone."""
    held = [{**document, "fan_id": fan_id(number)} for number, document in enumerate(history.database.reservations)]
    entries = [
        {**document, "outcome": {**document["outcome"], "fan_id": fan_id(number)}}
        for number, document in enumerate(history.database.requests)
    ]
    return replace(history, database=replace(history.database, reservations=held, requests=entries))


def test_an_erased_fan_is_no_finding() -> None:
    """The topics still have the id; a repeated release has the random one."""
    history = with_records(
        erased(clean(), lambda number: f"erased:{number:032x}"),
        "results.v1",
        lambda records: [*records, saying(records[0], fan_id="erased:00")],
    )

    sentences = [finding.what for finding in audit(history).findings]

    assert [] == [sentence for sentence in sentences if "answered" not in sentence]
    assert 1 == len(sentences)


def test_another_fan_than_the_published_one_is_a_finding() -> None:
    """Only a random id stands for any fan."""
    report = audit(erased(clean(), lambda number: f"other-{number}"))

    assert {"doubled", "drift"} == kinds(report)
