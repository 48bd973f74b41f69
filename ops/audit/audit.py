"""The audit itself, pure: a history in, a verdict out.

In:       what an outsider read from the topics, what the database holds, logs and metrics.
Out:      `AuditReport`.
Promise:  the same history gives the same report, and no finding tells a code, not even one that somebody has made
          a part of an id. On a service that is at work, or whose topics retention has shortened, only what must
          hold even then is judged; the report says what was left out.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

from ops.audit.answers import check_answers, outcome_of
from ops.audit.counts import check_accounts
from ops.audit.history import History
from ops.audit.holders import check_holders
from ops.audit.leaks import WORD_CHARACTERS_MIN, check_leaks, secrets_of, too_short
from ops.audit.report import AuditReport, Finding, Tally
from schemas.base import rfc3339
from schemas.records import instant_of
from schemas.topics import DEAD_LETTERS

Check = Callable[[History], Iterable[Finding]]

CHECKS: Final[tuple[tuple[str, Check], ...]] = (
    ("one result per request record, one body per ce_id, a dead letter for what cannot be read", check_answers),
    ("no code with two holders, one assigned event per assigned code", check_holders),
    ("codes by status = inventory shards = inventory events; imports add up to the codes there are", check_accounts),
    ("no code's value outside assigned.v1 and the records that senders wrote", check_leaks),
)


def audit(history: History) -> AuditReport:
    """Check everything that was promised."""
    secrets = secrets_of(history)
    found = [finding for _, check in CHECKS for finding in check(history)]
    return AuditReport(
        tally=tally(history),
        findings=tuple(replace(one, what=secrets.masked(one.what)) for one in found),
        checked=tuple(claim for claim, _ in CHECKS),
        left_out=tuple(left_out(history)),
    )


def tally(history: History) -> Tally:
    """What there is, by figures."""
    outcomes = Counter(outcome_of(event) for event in history.results)
    return Tally(
        requests=len(history.requests),
        results=len(history.results),
        reserved=outcomes["reserved"],
        assigned=outcomes["assigned"],
        released=outcomes["released"],
        expired=outcomes["expired"],
        refused=outcomes["refused"],
        dead_letters=len(history.records.get(DEAD_LETTERS.name, ())),
        codes=len(history.database.codes),
        imports=len(history.import_ends),
    )


def left_out(history: History) -> Iterator[str]:
    """What could not be judged."""
    if history.since_ms:
        since = rfc3339(instant_of(history.since_ms))
        yield f"retention has removed records: requests before {since} and sums over all events are not judged"
    if not history.is_quiet:
        yield "the service was at work: what is under way, and sums over all events, are not judged"
    if history.guarantee == "at_least_once":
        yield "at_least_once: a record may be there again under its ce_id"
    short = too_short(history.database)
    if short:
        yield f"{short} codes shorter than {WORD_CHARACTERS_MIN} characters are not looked for"
