"""The audit itself: tables in, a verdict out.

In:       what an outsider read from the topics, what the database holds, logs and metrics.
Out:      `AuditReport`.
Promise:  the same history gives the same report, and no finding tells a code, not even one that somebody has made
          a part of an id. On a service that is at work, or whose topics retention has shortened, only what must
          hold even then is judged; the report says what was left out, and what could not be judged.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from audit.answers import check_answers
from audit.counts import Recounted, check_accounts
from audit.history import History
from audit.holders import check_holders
from audit.intake import Intake
from audit.leaks import (
    SECRET_FREE_COLLECTIONS,
    WORD_CHARACTERS_MIN,
    Secrets,
    leaks_of_text,
    secrets_of,
)
from audit.promises import check_promises
from audit.report import AuditReport, Finding, Tally
from audit.tables import Tables, in_memory
from audit.terms import ALWAYS_MS, Terms, at
from audit.unjudged import not_judged, uncounted
from schemas.topics import ALL_TOPICS

CHECKED: Final = (
    "one result per request record, one body per ce_id, a dead letter for what cannot be read",
    "no code with two holders, one assigned event per assigned code, no reservation of a code that does not exist",
    "codes by status = inventory shards = inventory events; imports add up to the codes there are",
    "no code's value outside assigned.v1 and the records that senders wrote",
    "no hold long after its end, nobody refused who asked in time, no out_of_stock with enough there",
)


def audit(history: History) -> AuditReport:
    """Check everything that was promised."""
    secrets = secrets_of(history)
    with in_memory() as tables:
        intake = Intake(tables, secrets)
        take(history, intake)
        tables.indexed()
        return judged(tables, terms_of(history), secrets, intake.findings)


def judged(
    tables: Tables,
    terms: Terms,
    secrets: Secrets,
    found: list[Finding],
    recounted: Recounted | None = None,
    not_counted: Sequence[str] = (),
) -> AuditReport:
    """The verdict about what is in the tables; `found` was found on the way there."""
    waiting = tables.number("SELECT MIN(ts) FROM asked WHERE NOT served")
    terms = replace(terms, waiting_from_ms=waiting or None)
    findings = [
        *found,
        *check_answers(tables, terms),
        *check_holders(tables, terms),
        *check_accounts(tables, terms, recounted or {}, not_counted),
        *check_promises(tables, terms),
    ]
    return AuditReport(
        tally=tally(tables),
        findings=tuple(replace(one, what=secrets.masked(one.what)) for one in findings),
        checked=CHECKED,
        left_out=tuple(left_out(terms, secrets)),
        not_judged=(*not_judged(tables, terms), *uncounted(not_counted)),
    )


def take(history: History, intake: Intake) -> None:
    """All of a history."""
    for topic, records in history.records.items():
        for record in records:
            intake.record(topic, record, is_served=is_served(history, record.topic, record.partition, record.offset))
    for code in history.database.codes:
        intake.code(code)
    for collection in SECRET_FREE_COLLECTIONS:
        for document in getattr(history.database, collection):
            intake.document(collection, document)
    for place, content in history.texts.items():
        intake.text(list(leaks_of_text(secrets_of(history), place, content)))


def is_served(history: History, topic: str, partition: int, offset: int) -> bool:
    """Whether its offset was committed before the out topics were read."""
    return history.committed is None or offset < history.committed.get((topic, partition), 0)


def terms_of(history: History) -> Terms:
    """What may be concluded from a history."""
    reach = {topic.name: max(history.since_ms, history.reach.get(topic.name, 0)) for topic in ALL_TOPICS}
    return Terms(
        reach=reach,
        emptied=history.emptied,
        is_quiet=history.is_quiet,
        read_from_ms=history.read_at_ms,
        guarantee=history.guarantee,
    )


def tally(tables: Tables) -> Tally:
    """What there is, by figures."""
    count = (
        "SELECT outcome = 'released' AND substr(id, 1, 7) = 'expire:', outcome, COUNT(*) FROM results GROUP BY 1, 2"
    )
    outcomes = {("expired" if by_expirer else outcome): number for by_expirer, outcome, number in tables.ask(count)}
    return Tally(
        requests=tables.number("SELECT COUNT(*) FROM asked WHERE kind < 3"),
        results=tables.number("SELECT COUNT(*) FROM results"),
        reserved=outcomes.get("reserved", 0),
        assigned=outcomes.get("assigned", 0),
        released=outcomes.get("released", 0),
        expired=outcomes.get("expired", 0),
        refused=outcomes.get("refused", 0),
        dead_letters=tables.number("SELECT COUNT(*) FROM letters"),
        codes=tables.number("SELECT COUNT(*) FROM codes"),
        imports=tables.number("SELECT COUNT(*) FROM imports_told WHERE state <> 'running'"),
    )


def left_out(terms: Terms, secrets: Secrets) -> Iterator[str]:
    """What was not looked at."""
    gone = max(terms.reach.values(), default=0)
    if gone > terms.since_ms:
        yield f"retention has removed records: what a topic no longer holds is not missed, the last since {at(gone)}"
    if not terms.is_quiet:
        yield "the service was at work: what is under way, and sums over all events, are not judged"
    if terms.since_ms or terms.until_ms < ALWAYS_MS:
        yield "only a part was asked for: sums over all events are not judged"
    if terms.guarantee == "at_least_once":
        yield "at_least_once: a record may be there again under its ce_id"
    if secrets.too_short:
        yield f"{secrets.too_short} codes shorter than {WORD_CHARACTERS_MIN} characters are not looked for"
