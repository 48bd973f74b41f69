"""A fan's data exported and erased, with the roles at work: no answer changes, and no code moves."""

from typing import Any

import pytest

from ops.exit_codes import Exit
from schemas.topics import ASSIGN, RELEASE, RESERVE, RESULTS
from tests.integration.commanding import Codes
from tests.integration.neighbouring import Sale

pytestmark = pytest.mark.integration

FAN = {"campaign_id": "spring", "fan_id": "f-1"}
REQUESTS = (
    (RESERVE, {"request_id": "r-1", **FAN}),
    (RESERVE, {"request_id": "r-2", **FAN}),
    (RESERVE, {"request_id": "r-3", **FAN}),
    (ASSIGN, {"request_id": "a-1", **FAN, "reservation_id": "r-1"}),
    (RELEASE, {"request_id": "b-1", **FAN, "reservation_id": "r-2"}),
    (ASSIGN, {"request_id": "a-2", **FAN, "reservation_id": "r-2"}),
)
KEY = {"CODES_FANS__AUDIT_KEY": "the key of the tests, 32 or longer"}


@pytest.fixture
def codes(sale: Sale) -> Codes:
    return Codes({**sale.environment, **KEY})


async def ask(sale: Sale) -> list[Any]:
    """Send all requests, one after the other; the records of their results."""
    before = len(await sale.neighbour.records(RESULTS, 0))
    for number, (topic, request) in enumerate(REQUESTS, start=1):
        await sale.neighbour.send(topic, request)
        await sale.neighbour.records(RESULTS, before + number)
    found: list[Any] = (await sale.neighbour.records(RESULTS, before + len(REQUESTS)))[before:]
    return found


def answers(records: list[Any]) -> set[tuple[bytes, bytes]]:
    """Bodies with their `ce_id`."""
    return {(record.value, dict(record.headers)["ce_id"]) for record in records}


async def statuses(sale: Sale) -> dict[str, str]:
    """Of every code."""
    return {code["_id"]: code["status"] async for code in sale.db["codes"].find()}


async def test_erased_requests_get_the_same_answers(sale: Sale, codes: Codes) -> None:
    """Byte for byte, with the same `ce_id`; the audit finds no more than before, the reconciliation nothing."""
    first = await ask(sale)
    before, findings = await statuses(sale), (await codes("audit", "--json")).json["findings"]

    counted = await codes("fans", "erase", "f-1", "--json")
    done = await codes("fans", "erase", "f-1", "--confirm", "f-1", "--by", "support", "--json")

    again = await ask(sale)
    left = await codes("show", "fan", "f-1")
    reconcile = await codes("reconcile", "--reservations", "--json")
    assert (6, 3, 1) == (counted.json["requests"], counted.json["reservations"], counted.json["held"])
    assert {**counted.json, "erased": True, "audit_record": done.json["audit_record"]} == done.json
    assert answers(first) == answers(again)
    assert before == await statuses(sale)
    assert "there is no reservation or request of fan f-1" in left.err
    assert findings == (await codes("audit", "--json")).json["findings"]
    assert (0, 0) == (reconcile.json["drift"], reconcile.json["inconsistent"])


async def test_an_erased_hold_is_nobodys(sale: Sale, codes: Codes) -> None:
    """It expires as it would have; who sends the erased fan's id, or any other, does not get it."""
    await ask(sale)
    await codes("fans", "erase", "f-1", "--confirm", "f-1")

    await sale.neighbour.send(ASSIGN, {"request_id": "a-9", **FAN, "reservation_id": "r-3"})

    result = (await sale.neighbour.values(RESULTS, len(REQUESTS) + 1))[-1]
    assert ("refused", "not_the_holder") == (result["outcome"], result["reason"])
    assert [1, 1] == [list((await statuses(sale)).values()).count(status) for status in ("reserved", "assigned")]


async def test_nothing_is_erased_by_mistake(sale: Sale, codes: Codes) -> None:
    """Without the confirmation, with another id, or without the key of the record."""
    await ask(sale)

    counted = await codes("fans", "erase", "f-1")
    other = await codes("fans", "erase", "f-1", "--confirm", "f-2")
    keyless = await Codes(sale.environment)("fans", "erase", "f-1", "--confirm", "f-1")

    assert [Exit.OK, Exit.FAILED, Exit.USAGE] == [ended.code for ended in (counted, other, keyless)]
    assert "nothing was changed" in counted.err
    assert "CODES_FANS__AUDIT_KEY" in keyless.err
    assert (3, 0) == (
        await sale.db["reservations"].count_documents({"fan_id": "f-1"}),
        await sale.db["audit_records"].count_documents({}),
    )


async def test_an_export_has_all_and_only_the_fans_own_codes(sale: Sale, codes: Codes) -> None:
    """Values of assigned codes, if they are wanted; never that of a hold, nor of a code that was released."""
    await ask(sale)

    plain = await codes("fans", "export", "f-1", "--json")
    revealed = await codes("fans", "export", "f-1", "--with-values")
    nobody = await codes("fans", "export", "f-9")

    assert ({"r-1", "r-2", "r-3"}, {request["request_id"] for _, request in REQUESTS}) == (
        {row["reservation_id"] for row in plain.json["reservations"]},
        {row["request_id"] for row in plain.json["requests"]},
    )
    assert {("assigned", False), ("reserved", False)} == {
        (row["status"], "code" in row) for row in plain.json["codes"]
    }
    assert await sale.assigned_codes() == [row["code"] for row in revealed.json["codes"] if "code" in row]
    assert "SECRET" not in plain.out
    assert (1, "codes: there is no reservation or request of fan f-9\n") == (nobody.code, nobody.err)
