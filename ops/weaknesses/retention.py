"""Judges how the settings of retention fit together: ledger, topics, holds, dead letters, cancellations, expirer.

In:       settings.
Out:      findings.
Promise:  a pure function. What would let a request be decided twice is no finding: `ops/settings/load.py` refuses it,
          so no role starts. What the topics really have is judged by `topics.py`.
"""

from collections.abc import Iterator
from typing import Final

from schemas.base import DAY_S, TTL_S_MAX
from schemas.findings import Finding, Severity
from schemas.settings import ExpirerSettings, MongoSettings, TopicSettings

HOURS_PER_DAY: Final = 24
INTERVAL_MS_MAX: Final = 60_000
"""How much longer a hold may last than was asked."""


def retention_findings(mongo: MongoSettings, topics: TopicSettings, expirer: ExpirerSettings) -> list[Finding]:
    """All findings about these settings."""
    return [*_ledger_and_holds(mongo), *_dead_letters(topics), *_expirer(expirer)]


def _ledger_and_holds(mongo: MongoSettings) -> Iterator[Finding]:
    longest_days = TTL_S_MAX // DAY_S
    if mongo.ledger_days < longest_days:
        why = (
            f"a hold may last {longest_days} days: a reserve that is sent again while its codes are held, and after "
            "the ledger has forgotten it, is refused as request_id_reused"
        )
        yield _finding("weakens it", "CODES_MONGO__LEDGER_DAYS", str(mongo.ledger_days), why, str(longest_days))


def _dead_letters(topics: TopicSettings) -> Iterator[Finding]:
    kept, needed = topics.dead_letter_retention_hours, topics.retention_hours
    if kept < needed:
        why = "dead letters are deleted before the records that they explain: an audit takes those for lost"
        yield _finding(
            "weakens it", "CODES_TOPICS__DEAD_LETTER_RETENTION_HOURS", str(kept), why, f"at least {needed}"
        )


def _expirer(expirer: ExpirerSettings) -> Iterator[Finding]:
    if expirer.interval_ms > INTERVAL_MS_MAX:
        why = "codes of holds that have ended come back only after the next search"
        value, remedy = str(expirer.interval_ms), f"at most {INTERVAL_MS_MAX}"
        yield _finding("note", "CODES_EXPIRER__INTERVAL_MS", value, why, remedy)


def _finding(severity: Severity, setting: str, value: str, why: str, remedy: str) -> Finding:
    return Finding(severity, "setting", "retention", setting, value, why, remedy)
