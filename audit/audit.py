"""The verdict on what was read.

In:       what an outsider read from the topics, what the database holds, logs and metrics.
Out:      `AuditReport`.
Promise:  the same history gives the same report, and no finding contains a code, not even one that somebody has made
          a part of an id. On a service that is at work, or whose topics retention has shortened, only what must
          hold even then is judged; the report says what was left out, and what could not be judged.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from audit.answers import check_answers
from audit.code_search import WORD_CHARACTERS_MIN, Secrets
from audit.counts import Recounted, check_accounts
from audit.history import History, document_of
from audit.holders import check_holders
from audit.intake import Intake
from audit.leaks import (
    SECRET_FREE_COLLECTIONS,
    leaks_of_text,
    secrets_of,
)
from audit.promises import check_promises
from audit.report import AuditReport, Findings, Tally
from audit.stock_refusals import StockRefusals
from audit.tables import Tables, in_memory
from audit.terms import ALWAYS_MS, Terms, at
from audit.unjudged import not_counted, not_judged
from schemas.topics import ALL_TOPICS

CHECKED: Final = (
    "one result per request record, one body per ce_id, a dead letter for what cannot be read",
    "no code with two holders, one assigned event per assigned code, no reservation of a code that does not exist",
    "codes by status = inventory shards = inventory events; imports add up to the codes there are",
    "no code's value outside assigned.v1 and the records that senders wrote",
    "no hold long after its end, no assign in time refused, no out_of_stock with enough in stock",
)


def audit(history: History) -> AuditReport:
    """Check everything that was promised."""
    secrets = secrets_of(history)
    with in_memory() as tables:
        intake = Intake(tables, secrets)
        take(history, intake)
        tables.create_indexes()
        return judged(tables, terms_of(history), secrets, intake.findings)


def judged(
    tables: Tables,
    terms: Terms,
    secrets: Secrets,
    findings: Findings,
    recounted: Recounted | None = None,
    uncounted: Sequence[str] = (),
) -> AuditReport:
    """Judge what is in the tables; `findings` has those that single records gave.

    `uncounted` are campaigns whose counts moved, and that could not be counted in one snapshot.
    """
    waiting = tables.scalar("SELECT MIN(ts) FROM incoming WHERE NOT served")
    terms = replace(terms, waiting_from_ms=waiting or None)
    refusals = StockRefusals(tables, terms)
    for found in (
        check_answers(tables, terms),
        check_holders(tables, terms),
        check_accounts(tables, terms, recounted or {}, uncounted),
        check_promises(tables, terms),
        refusals.findings(),
    ):
        for finding in found:
            findings.add(finding)
    return AuditReport(
        tally=tally(tables),
        findings=tuple(replace(finding, what=secrets.masked(finding.what)) for finding in findings.kept),
        checked=CHECKED,
        left_out=tuple(left_out(terms, secrets)),
        not_judged=(*not_judged(tables, terms, refusals), *not_counted(uncounted)),
        findings_omitted=findings.omitted,
    )


def take(history: History, intake: Intake) -> None:
    """Take a whole history."""
    for topic, records in history.records.items():
        for record in records:
            intake.record(topic, record, is_served=is_served(history, record.topic, record.partition, record.offset))
    for code in history.database.codes:
        intake.code(document_of(code))
    for collection in SECRET_FREE_COLLECTIONS:
        for document in getattr(history.database, collection):
            intake.document(collection, document)
    for place, content in history.texts.items():
        intake.text(list(leaks_of_text(secrets_of(history), place, content)))


def is_served(history: History, topic: str, partition: int, offset: int) -> bool:
    """Whether its offset was committed before the out topics were read."""
    return history.committed is None or offset < history.committed.get((topic, partition), 0)


def terms_of(history: History) -> Terms:
    """Derive the terms from a history."""
    retained = {
        topic.name: max(history.since_ms, history.retained_since_ms.get(topic.name, 0)) for topic in ALL_TOPICS
    }
    return Terms(
        retained_since_ms=retained,
        expired_topics=history.expired_topics,
        blocked_by_open_transaction=history.blocked_by_open_transaction,
        is_quiet=history.is_quiet,
        read_from_ms=history.read_at_ms,
        guarantee=history.guarantee,
    )


def tally(tables: Tables) -> Tally:
    """Count what was read."""
    count = (
        "SELECT outcome = 'released' AND substr(id, 1, 7) = 'expire:', outcome, COUNT(*) FROM results GROUP BY 1, 2"
    )
    outcomes = {("expired" if by_expirer else outcome): number for by_expirer, outcome, number in tables.rows(count)}
    return Tally(
        requests=tables.scalar("SELECT COUNT(*) FROM incoming WHERE kind < 3"),
        results=tables.scalar("SELECT COUNT(*) FROM results"),
        reserved=outcomes.get("reserved", 0),
        assigned=outcomes.get("assigned", 0),
        released=outcomes.get("released", 0),
        expired=outcomes.get("expired", 0),
        refused=outcomes.get("refused", 0),
        dead_letters=tables.scalar("SELECT COUNT(*) FROM dead_letters"),
        codes=tables.scalar("SELECT COUNT(*) FROM codes"),
        imports=tables.scalar("SELECT COUNT(*) FROM import_events WHERE state <> 'running'"),
    )


def left_out(terms: Terms, secrets: Secrets) -> Iterator[str]:
    """What was not looked at."""
    gone = max(terms.retained_since_ms.values(), default=0)
    if gone > terms.since_ms:
        yield f"retention has removed records, the latest before {at(gone)}: what depends on them is not judged"
    if not terms.is_quiet:
        yield "the service was at work: requests in progress, and sums over all events, are not judged"
    if terms.since_ms or terms.until_ms < ALWAYS_MS:
        yield "only a window was audited: sums over all events are not judged"
    if terms.guarantee == "at_least_once":
        yield "at_least_once: a record may be there again with the same ce_id"
    if terms.removed_campaigns:
        yield f"{terms.removed_campaigns} archived or purged campaigns, on the topics and in the database"
    if secrets.too_short:
        yield f"{secrets.too_short} codes shorter than {WORD_CHARACTERS_MIN} characters are not searched for"
