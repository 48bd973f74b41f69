"""A check as an SQL query: each row of its result is a finding."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from audit.report import Finding, Kind
from audit.tables import Tables
from schemas.base import ERASED_PREFIX


@dataclass(frozen=True, slots=True)
class Check:
    """SQL, and the sentence that a row of its result makes."""

    kind: Kind
    sentence: str
    """`{0}` is the first column."""
    sql: str


def erased(fan: str) -> str:
    """An SQL condition: the fan's id was replaced with a random one, which stands for any fan."""
    return f"COALESCE(substr({fan}, 1, {len(ERASED_PREFIX)}) = '{ERASED_PREFIX}', 0)"


def findings_of(checks: Iterable[Check], tables: Tables, parameters: Mapping[str, int]) -> Iterator[Finding]:
    """Run the checks one after the other. `parameters` are the named ones of the SQL."""
    for check in checks:
        for row in tables.rows(check.sql, **parameters):
            yield Finding(check.kind, check.sentence.format(*row))
