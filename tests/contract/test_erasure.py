"""An erasure replaces a fan's id everywhere and nothing else, also after a kill; on the real database."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from cli.jobs import erasing
from ops.settings.load import Settings
from schemas.base import ERASED_PREFIX
from schemas.documents import AuditRecordDocument
from stores.mongo import erasure
from stores.mongo.audit_records import AuditRecords
from stores.mongo.collections import to_document
from stores.mongo.erasure import Erasure, StillNamed
from tests.contract.benches import MongoBench, mongo_bench
from tests.fakes.builders import FAN, a_reservation, a_reserve, a_result, an_entry, asked

pytestmark = pytest.mark.integration

KEY = "the key of the tests, 32 or longer"
HOLDS = 7
OF_OTHERS = 2


class Killed(Exception):
    """In place of the end of the process."""


@pytest.fixture
async def bench(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MongoBench]:
    """Reservations and requests of two fans, written in batches of two."""
    monkeypatch.setattr(erasure, "BATCH", 2)
    async with mongo_bench(settings) as bench:
        for number in range(HOLDS + OF_OTHERS):
            fan = FAN if number < HOLDS else "fan-2"
            result = a_result(request_id=f"r-{number}", reservation_id=f"r-{number}", fan_id=fan)
            entry = an_entry(asked(a_reserve(request_id=f"r-{number}", fan_id=fan)), result)
            await bench.collections.requests.insert_one(to_document(entry))
            hold = a_reservation(_id=f"r-{number}", fan_id=fan, code_ids=(f"c-{number}",))
            await bench.collections.reservations.insert_one(to_document(hold))
        yield bench


async def erase(bench: MongoBench, *, pseudonym: bool = False) -> AuditRecordDocument | None:
    """As the command does; the record."""
    done = await erasing.erase(bench.collections, FAN, key=KEY, by="me", pseudonym=pseudonym)
    return None if done["audit_record"] is None else await AuditRecords(bench.collections).find(done["audit_record"])


async def fans(bench: MongoBench) -> Counter[str]:
    """How often each id is in the database."""
    found = [document["fan_id"] for document in await bench.collections.reservations.find().to_list(None)]
    found += [document["outcome"]["fan_id"] for document in await bench.collections.requests.find().to_list(None)]
    return Counter(found)


async def all_documents(bench: MongoBench) -> list[dict[str, Any]]:
    """Everything but the fans."""
    held = await bench.collections.reservations.find({}, {"fan_id": 0}).sort("_id", 1).to_list(None)
    return [*held, *await bench.collections.requests.find({}, {"outcome.fan_id": 0}).sort("_id", 1).to_list(None)]


async def test_only_the_id_changes(bench: MongoBench) -> None:
    """Each document gets another random id; the record counts them, and has a hash in place of the fan."""
    before = await all_documents(bench)

    record = await erase(bench)

    assert record is not None
    left = await fans(bench)
    random = [name for name in left if name.startswith(ERASED_PREFIX)]
    assert (0, 2 * OF_OTHERS, 2 * HOLDS) == (left[FAN], left["fan-2"], len(random))
    assert before == await all_documents(bench)
    assert ({"reservations": HOLDS, "requests": HOLDS}, None, "me") == (record.counts, record.pending, record.by)
    assert record.ended_at is not None
    stored = await bench.collections.audit_records.find().to_list(None)
    assert [erasing.subject_of(KEY, FAN)] == [document["subject"] for document in stored]
    assert not any(name in str(stored) for name in (FAN, *random))


async def test_a_pseudonym_is_one_id_that_nothing_connects_with_the_fan(bench: MongoBench) -> None:
    """Not even the record, once the work is complete."""
    await erase(bench, pseudonym=True)

    [pseudonym] = [name for name in await fans(bench) if name.startswith(ERASED_PREFIX)]
    assert 2 * HOLDS == (await fans(bench))[pseudonym]
    assert pseudonym not in str(await bench.collections.audit_records.find().to_list(None))


@pytest.mark.parametrize("batches", [0, 1, 3, 5])
async def test_a_killed_erasure_ends_the_same(
    bench: MongoBench, monkeypatch: pytest.MonkeyPatch, batches: int
) -> None:
    """One record with the right counts, and one pseudonym, wherever it was killed."""
    left, count = [batches], AuditRecords.count

    async def count_until_killed(*arguments: Any) -> None:
        if left[0] == 0:
            raise Killed
        left[0] -= 1
        await count(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(AuditRecords, "count", count_until_killed)
        with pytest.raises(Killed):
            await erase(bench, pseudonym=True)

    record = await erase(bench)

    assert record is not None
    assert {2 * OF_OTHERS, 2 * HOLDS} == set((await fans(bench)).values())
    assert {"reservations": HOLDS, "requests": HOLDS} == record.counts
    assert 1 == await bench.collections.audit_records.count_documents({})


async def test_a_second_run_finds_nothing(bench: MongoBench) -> None:
    """And leaves no record."""
    await erase(bench)
    before = await fans(bench)

    assert await erase(bench) is None
    assert before == await fans(bench)
    assert 1 == await bench.collections.audit_records.count_documents({})


async def test_a_dry_run_counts_and_changes_nothing(bench: MongoBench) -> None:
    """With what matters before a decision: holds, and ids that senders made of the fan's."""
    await bench.collections.reservations.update_one({"_id": "r-0"}, {"$set": {"state": "assigned"}})
    named = a_reservation(_id=f"reserve-{FAN}", state="released")
    await bench.collections.reservations.insert_one(to_document(named))
    before = await fans(bench)

    found = await erasing.erasable(bench.collections, FAN)

    expected = {"held": HOLDS - 1, "assigned_codes": 1, "ids_with_fan": 1}
    assert {"reservations": HOLDS + 1, "requests": HOLDS, **expected} == found
    assert before == await fans(bench)


async def test_a_fan_who_keeps_asking_is_said(bench: MongoBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request may be decided after each search: the work does not go on for ever, and is not called complete."""

    async def always_one(*_: Any) -> int:
        return 1

    monkeypatch.setattr(Erasure, "_pass", always_one)

    with pytest.raises(StillNamed):
        await erase(bench)
    assert 1 == await bench.collections.audit_records.count_documents({"pending": {"$type": "string"}})
