"""Audit records are listed the latest first, page by page, and narrowed to campaigns; on the real database."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ops.settings.load import Settings
from schemas.documents import AuditRecordDocument
from stores.mongo import audit_list
from stores.mongo.audit_list import AuditFilter, AuditList, Place
from stores.mongo.audit_records import AuditRecords
from tests.contract.benches import MongoBench, mongo_bench

pytestmark = pytest.mark.integration

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
PSEUDONYM = "erased:0123456789abcdef0123456789abcdef"
RECORDS: tuple[dict[str, Any], ...] = (
    {"action": "erase_fan", "subject": "a-keyed-hash", "pending": PSEUDONYM},
    {"action": "close_campaign", "subject": "spring", "campaign_id": "spring", "by": "maria"},
    {"action": "cancel_import", "subject": "i-1", "campaign_id": "spring"},
    {"action": "cancel_import", "subject": "i-2", "campaign_id": "summer"},
    {"action": "cancel_import", "subject": "spring", "campaign_id": None},
    {"action": "reopen_campaign", "subject": "spring", "campaign_id": None},
    {"action": "replay_dead_letters", "subject": "invalid"},
)
"""In the order in which they were written, the last two at the same instant. The sixth was written before the field
`campaign_id` was; the fifth is about an import that has a campaign's name."""


@pytest.fixture
async def bench(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MongoBench]:
    """Pages of two."""
    monkeypatch.setattr(audit_list, "PAGE_MAX", 2)
    async with mongo_bench(settings) as bench:
        for number, fields in enumerate(RECORDS):
            at = START + timedelta(hours=min(number, len(RECORDS) - 2))
            record = AuditRecordDocument(**{"_id": f"a-{number}", "at": at, "by": "me", "counts": {}, **fields})
            await AuditRecords(bench.collections).write(record)
        yield bench


async def listed(bench: MongoBench, count: int = 100, **wanted: Any) -> list[str]:
    """The numbers of the records, in the order of the list."""
    found = AuditList(bench.collections).all(AuditFilter(**wanted), count)
    return [entry.id.removeprefix("a-") async for entry in found]


async def test_the_latest_is_first_and_none_is_left_out(bench: MongoBench) -> None:
    """Also between two pages, and of two at the same instant; and no more than are asked for."""
    assert list("6543210") == await listed(bench)
    assert list("654") == await listed(bench, 3)
    page = await AuditList(bench.collections).page(AuditFilter(), Place(START + timedelta(hours=5), "a-6"))
    assert ["a-5", "a-4"] == [entry.id for entry in page]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"by": "maria"}, "1"),
        ({"actions": ("cancel_import", "erase_fan")}, "4320"),
        ({"subject": "i-1"}, "2"),
        ({"campaign_id": "spring"}, "521"),
        ({"since": START + timedelta(hours=1), "until": START + timedelta(hours=3)}, "21"),
        ({"campaigns": frozenset({"summer"})}, "3"),
        ({"campaigns": frozenset({"summer", "spring"})}, "5321"),
        ({"campaigns": frozenset({"summer"}), "campaign_id": "spring"}, ""),
    ],
)
async def test_filters_narrow_the_list(bench: MongoBench, wanted: dict[str, Any], expected: str) -> None:
    """Whoever sees single campaigns sees no erasure, no replay, and no import whose campaign is not known."""
    assert list(expected) == await listed(bench, **wanted)


async def test_what_only_a_repetition_needs_is_not_listed(bench: MongoBench) -> None:
    """A pseudonym would lead from the record to the fan's documents."""
    entries = [entry async for entry in AuditList(bench.collections).all(AuditFilter(), 100)]

    assert PSEUDONYM not in str(entries)
    assert "spring" == entries[1].campaign_id
