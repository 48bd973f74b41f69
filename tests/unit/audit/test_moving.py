"""What must hold of a deployment that works while it is read: only what stood still is compared."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from audit.audit import judged, take
from audit.counts import Recounted
from audit.history import History
from audit.intake import Intake
from audit.leaks import secrets_of
from audit.report import AuditReport
from audit.tables import in_memory
from audit.terms import CLOCKS_APART_MS, Terms
from handlers.inventory.reconcile import CountKey
from schemas.base import CodeStatus
from tests.fakes.builders import CAMPAIGN, milliseconds
from tests.fakes.history import a_history, with_records

clean = cache(a_history)

AFTER = timedelta(hours=1)


def last_change() -> datetime:
    """When the last reservation moved."""
    changes: list[datetime] = [reservation["changed_at"] for reservation in clean().database.reservations]
    return max(changes)


def read(
    history: History, began: datetime, recounted: Recounted | None = None, *, is_quiet: bool = False
) -> AuditReport:
    """The verdict on what was read from then on, while the service worked."""
    began_ms = milliseconds(began)
    with in_memory() as tables:
        intake = Intake(tables, secrets_of(history), let_go_since_ms=began_ms - CLOCKS_APART_MS)
        take(history, intake)
        tables.create_indexes()
        moving = Terms(is_quiet=is_quiet, is_snapshot=False, read_from_ms=began_ms)
        return judged(tables, moving, secrets_of(history), intake.findings, recounted)


def with_reserved(history: History) -> History:
    """An available code is `reserved`, as if its reservation had been read before it was made."""
    codes = list(history.database.codes)
    place = next(number for number, code in enumerate(codes) if code.status == "available")
    codes[place] = codes[place]._replace(status="reserved")
    return replace(history, database=replace(history.database, codes=codes))


def with_available(history: History) -> History:
    """The held code of `r-6` is `available`, as if it had been read before it was reserved."""
    [held] = [reservation["code_ids"] for reservation in history.database.reservations if reservation["_id"] == "r-6"]
    codes = [code._replace(status="available") if code.id in held else code for code in history.database.codes]
    return replace(history, database=replace(history.database, codes=codes))


def twice(history: History) -> History:
    """The code of `r-6` in `r-3` too, which has let it go since it was read."""
    [held] = [reservation["code_ids"] for reservation in history.database.reservations if reservation["_id"] == "r-6"]
    changes = {"state": "held", "code_ids": held}
    reservations = [
        {**reservation, **changes} if reservation["_id"] == "r-3" else reservation
        for reservation in history.database.reservations
    ]
    return replace(history, database=replace(history.database, reservations=reservations))


def unannounced(history: History) -> History:
    """Codes were assigned, and their events are not published yet."""
    return with_records(history, "assigned.v1", lambda _: [])


@pytest.mark.parametrize("doctor", [with_available, twice, unannounced])
def test_what_moved_while_it_was_read_is_not_compared(doctor: Callable[[History], History]) -> None:
    """What had moved before is: each of these is a finding then."""
    during = read(doctor(clean()), last_change())
    settled = read(doctor(clean()), last_change() + AFTER)

    moves = ("by its reservations", "in reservations", "never published")
    assert [] == [finding for finding in during.findings if any(word in finding.what for word in moves)]
    assert any(word in finding.what for finding in settled.findings for word in moves)


def test_a_service_that_stands_still_is_compared_at_once() -> None:
    """However lately it moved."""
    assert read(with_available(clean()), last_change(), is_quiet=True).findings


def test_what_a_killed_worker_has_not_published_yet_is_not_missed() -> None:
    """Its requests are older than the audit and not served: their codes have moved, their events come later."""
    asked = clean().records["assign.requests.v1"]
    places = {(record.topic, record.partition): 100 for records in clean().records.values() for record in records}
    waiting = replace(unannounced(clean()), committed={**places, (asked[0].topic, 0): 0})
    served = replace(unannounced(clean()), committed=places)

    began = last_change() + AFTER

    assert [] == [finding for finding in read(waiting, began).findings if "never published" in finding.what]
    assert [finding for finding in read(served, began).findings if "never published" in finding.what]


def test_a_campaign_that_seems_to_differ_is_believed_when_counted_at_one_time() -> None:
    """The counts of one snapshot stand in for those that were read one after the other."""
    same = {CountKey(CAMPAIGN, "tm", CodeStatus.AVAILABLE): 1}
    began = datetime.now(UTC) + AFTER

    seems = [finding.what for finding in read(with_reserved(clean()), began).findings if "shards say" in finding.what]
    counted = read(with_reserved(clean()), began, {CAMPAIGN: (same, same)})

    assert seems
    assert [] == [finding for finding in counted.findings if "shards say" in finding.what]
