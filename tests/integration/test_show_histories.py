"""What support asks: what happened to a fan, and to a code, from the database and from the topics."""

from pathlib import Path
from typing import Any

import pytest

from schemas.topics import ASSIGN, RELEASE, RESERVE, RESULTS
from stores.mongo.connection import Database
from tests.fakes.stocking import a_code
from tests.integration.commanding import Codes
from tests.integration.conftest import PutCodes
from tests.integration.running import Neighbour, running

pytestmark = pytest.mark.integration

SPRING = {"campaign_id": "spring", "fan_id": "f-1"}
REQUESTS = (
    (RESERVE, {"request_id": "r-1", **SPRING}),
    (RESERVE, {"request_id": "r-2", **SPRING}),
    (ASSIGN, {"request_id": "a-1", **SPRING, "reservation_id": "r-1"}),
    (RELEASE, {"request_id": "b-1", "campaign_id": "spring", "reservation_id": "r-2"}),
    (ASSIGN, {"request_id": "a-2", **SPRING, "reservation_id": "r-2"}),
    (ASSIGN, {"request_id": "a-3", **SPRING, "fan_id": "f-2", "reservation_id": "r-1"}),
    (RESERVE, {"request_id": "bad", **SPRING, "quantity": 0}),
)
DECIDED = [
    ("r-1", "reserved", None),
    ("r-2", "reserved", None),
    ("a-1", "assigned", None),
    ("b-1", "released", None),
    ("a-2", "refused", "reservation_released"),
]


@pytest.fixture
def codes(environment: dict[str, str], migrated: Any) -> Codes:
    return Codes(environment)


@pytest.fixture
async def sold(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> list[dict[str, Any]]:
    """Two codes held, one of them assigned, the other released, and three refusals; the results."""
    await stocked("spring", 2)
    async with running("worker", environment, tmp_path / "worker.log"):
        results: list[dict[str, Any]] = []
        for topic, request in REQUESTS:
            await neighbour.send(topic, request)
            results = await neighbour.values(RESULTS, len(results) + 1)
    return results


async def test_a_fans_history_has_every_request_by_time(codes: Codes, sold: list[dict[str, Any]]) -> None:
    """A release that names nobody is the fan's; another fan's attempt is not."""
    shown = (await codes("show", "fan", "f-1", "--json")).json
    other, nobody = (await codes("show", "fan", "f-2", "--json")).json, await codes("show", "fan", "f-3")

    assert DECIDED == [(event["request_id"], event["what"], event["reason"]) for event in shown["events"]]
    assert [("r-2", "released"), ("r-1", "assigned")] == [
        (row["reservation_id"], row["state"]) for row in shown["reservations"]
    ]
    assert ([], [("a-3", "not_the_holder")]) == (
        other["reservations"],
        [(event["request_id"], event["reason"]) for event in other["events"]],
    )
    assert (1, "codes: there is no reservation or request of fan f-3\n") == (nobody.code, nobody.err)


async def test_the_topics_add_what_the_database_does_not_know(codes: Codes, sold: list[dict[str, Any]]) -> None:
    """When a request was sent, a refusal of an unreadable one, its dead letter, and the event of the code."""
    shown = (await codes("show", "fan", "f-1", "--topics", "--json")).json

    found = {(event["request_id"], event["what"]) for event in shown["events"]}
    sent = {(request["request_id"], "sent") for _, request in REQUESTS}
    assert {*sent, ("bad", "answered"), ("bad", "dead_letter"), ("a-1", "published"), ("a-1", "answered")} <= found
    assert sorted(event["at"] for event in shown["events"]) == [event["at"] for event in shown["events"]]


async def test_a_code_is_found_by_its_value_in_any_campaign(
    codes: Codes, sold: list[dict[str, Any]], stocked: PutCodes
) -> None:
    """From a pipe; never from an argument. The value is in no output."""
    await stocked("summer", 1, prefix="SECRET-OF-SUMMER")
    [assigned] = [result["code_ids"] for result in sold if result["request_id"] == "a-1"]
    revealed = (await codes("show", "code", *assigned, "--reveal", "--no-history", "--json")).json
    value = revealed["code"]

    shown = await codes("show", "code", "--value", "--json", typed=f"{value}\n")
    argued = await codes("show", "code", "--value", value)
    elsewhere = await codes("show", "code", "--value", "--campaign", "summer", typed=f"{value}\n")
    table = await codes("show", "code", "--value", "--topics", typed=f"{value}\n")

    assert (assigned, "f-1") == ([shown.json["code_id"]], shown.json["holder"]["fan_id"])
    assert ["reserved", "assigned"] == [event["what"] for event in shown.json["events"]]
    assert "events" not in revealed
    assert (2, 1) == (argued.code, elsewhere.code)
    assert ("published" in table.out, "f-1" in table.out) == (True, True)
    assert not any(value in text for ended in (shown, argued, elsewhere, table) for text in (ended.out, ended.err))


async def test_a_value_of_two_campaigns_is_not_guessed(codes: Codes, stocked: PutCodes, db: Database) -> None:
    """Their names are printed, to choose from."""
    for campaign in ("spring", "summer"):
        await stocked(campaign, 0)
        await db["codes"].insert_one(a_code(campaign, "tm", "SAME-VALUE-1"))

    ended = await codes("show", "code", "--value", typed="SAME-VALUE-1\n")
    chosen = await codes("show", "code", "--value", "--campaign", "summer", "--json", typed="SAME-VALUE-1\n")

    assert (1, "", True) == (ended.code, ended.out, "2 campaigns" in ended.err and "spring, summer" in ended.err)
    assert "summer" == chosen.json["campaign_id"]
