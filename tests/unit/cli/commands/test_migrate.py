"""What makes `codes migrate` fail, and what its JSON has for a finding."""

import pytest

from cli.commands.migrate import is_failure, rows
from schemas.findings import SEVERITIES, Finding, Severity
from stores.mongo.migration import Change, Refused, Step, Warned

CHANGE = Change("topic", "codes.results.v1", "created")
WARNED = Warned("index", "codes.stock", "is another one")
REFUSED = Refused("sharding", "codes", "is sharded already")


def a_finding(severity: Severity) -> Finding:
    """One about the database."""
    return Finding(severity, "database", "rs0", "arbiters", "1", "it has no data", "a node with data")


@pytest.mark.parametrize(
    ("step", "of_run", "of_check"), [(CHANGE, False, True), (WARNED, False, False), (REFUSED, True, True)]
)
def test_a_change_fails_the_check_and_a_refusal_both(step: Step, of_run: bool, of_check: bool) -> None:
    """Warnings are for people."""
    assert (of_run, of_check) == (is_failure([step], [], check=False), is_failure([step], [], check=True))


def test_only_what_breaks_the_promise_fails_the_check() -> None:
    """A stack for development has notes, and passes."""
    failures = {severity: is_failure([], [a_finding(severity)], check=True) for severity in SEVERITIES}

    assert {"breaks the promise": True, "weakens it": False, "note": False} == failures


def test_a_finding_is_a_row_of_seven_fields() -> None:
    """Scripts rely on their names."""
    [row] = rows([a_finding("note")])

    assert ["severity", "kind", "name", "setting", "value", "why", "remedy"] == list(row)
