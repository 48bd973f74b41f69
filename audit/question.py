"""One check as a question to the tables: each row of its answer is a finding."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from audit.report import Finding, Kind
from audit.tables import Tables


@dataclass(frozen=True, slots=True)
class Question:
    """SQL, and the sentence that a row of its answer makes."""

    kind: Kind
    sentence: str
    """`{0}` is the first column."""
    sql: str


def asked(questions: Iterable[Question], tables: Tables, values: Mapping[str, int]) -> Iterator[Finding]:
    """What the answers find."""
    for question in questions:
        for row in tables.ask(question.sql, **values):
            yield Finding(question.kind, question.sentence.format(*row))
