"""What must hold: a damaged document is a finding that names it, and the audit goes on."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from audit.audit import audit
from audit.history import History
from audit.intake import Intake
from audit.leaks import secrets_of
from audit.tables import in_memory
from tests.fakes.history import a_history, with_records

clean = cache(a_history)

MISSING = object()

DAMAGES: dict[str, tuple[str, Mapping[str, object]]] = {
    "a reservation without a state": ("reservations", {"state": MISSING}),
    "a reservation without codes": ("reservations", {"code_ids": None}),
    "a reservation of an unknown state": ("reservations", {"state": "voided"}),
    "a reservation whose end is no date": ("reservations", {"expires_at": "soon"}),
    "a ledger entry without a digest": ("requests", {"digest": MISSING}),
    "a ledger entry with another outcome": ("requests", {"outcome": {"outcome": "won"}}),
    "a ledger entry without an outcome": ("requests", {"outcome": MISSING}),
    "a shard without counts": ("inventory", {"available": MISSING}),
    "a shard whose version is text": ("inventory", {"version": "1"}),
    "an import without rows": ("imports", {"rows_read": MISSING}),
    "an import with a text for a number": ("imports", {"inserted": "many"}),
}


def damaged(document: Mapping[str, Any], changes: Mapping[str, object]) -> dict[str, Any]:
    """A document with other fields."""
    return {name: field for name, field in {**document, **changes}.items() if field is not MISSING}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_document_is_named_and_the_audit_goes_on(damage: str) -> None:
    """Everything else is still judged: the answer that is missing is found."""
    collection, changes = DAMAGES[damage]
    first, *others = getattr(clean().database, collection)
    database = replace(clean().database, **{collection: [damaged(first, changes), *others]})
    lost = with_records(replace(clean(), database=database), "results.v1", lambda records: records[1:])

    report = audit(lost)

    named = f"collection {collection}, document {first['_id']}: "
    assert 1 == sum(finding.kind == "drift" and finding.what.startswith(named) for finding in report.findings)
    assert 1 == report.count("lost")


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "voided"},
        {"status": MISSING},
        {"code": MISSING},
        {"code": 7},
        {"campaign_id": MISSING},
        {"code_type": "plain"},
        {"imported_by": None},
    ],
)
def test_a_damaged_code_is_named(changes: Mapping[str, object]) -> None:
    """It stays a code: the reservation that names it does not name nothing."""
    history, code = clean(), {"_id": "c-x", "campaign_id": "c", "code": "SECRET-123", "code_type": "tm"}
    with in_memory() as tables:
        intake = Intake(tables, secrets_of(history))
        intake.code(damaged({**code, "status": "available", "imported_by": "i-1"}, changes))
        tables.create_indexes()

        [finding] = intake.findings.kept

        assert ("drift", True) == (finding.kind, finding.what.startswith("collection codes, document c-x: "))
        assert "SECRET-123" not in finding.what
        assert 1 == tables.scalar("SELECT COUNT(*) FROM codes WHERE id = 'c-x'")


def test_a_code_of_an_unknown_status_ends_no_audit() -> None:
    """It is not counted, and its campaign's counts differ."""
    history = with_status(clean(), "voided")

    whats = [finding.what for finding in audit(history).findings if finding.kind == "drift"]

    assert any(what.startswith("collection codes, document ") for what in whats)
    assert any("the inventory shards say" in what for what in whats)


def with_status(history: History, status: str) -> History:
    """The last code has another status."""
    *codes, last = history.database.codes
    return replace(history, database=replace(history.database, codes=[*codes, last._replace(status=status)]))
