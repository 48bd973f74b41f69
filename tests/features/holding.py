"""Steps about who has what, and for how long."""

import time
from datetime import datetime, timedelta

from pytest_bdd import parsers, then, when

from stores.mongo.connection import Database
from tests.features.campaign import ANSWER_LIMIT_S, Campaign

FAN = r"(?P<fan>[A-Z][a-z]+)"
HOURS = r"(?P<hours>\d+) hours"


@when(parsers.re(f"the end of {FAN}'s reservation is set {HOURS} earlier"), converters={"hours": int})
def _(campaign: Campaign, fan: str, hours: int) -> None:
    campaign.service.wait(set_earlier(campaign.service.db, campaign.reservations[fan], timedelta(hours=hours)))


async def set_earlier(db: Database, reservation_id: str, by: timedelta) -> None:
    """As if the reservation had been made so much earlier."""
    held = await db["reservations"].find_one({"_id": reservation_id})
    assert held is not None
    await db["reservations"].update_one({"_id": reservation_id}, {"$set": {"expires_at": held["expires_at"] - by}})


@then(parsers.re(f"{FAN}'s reservation ends in {HOURS}"), converters={"hours": int})
def _(campaign: Campaign, fan: str, hours: int) -> None:
    [answer] = campaign.answers
    begin, end = (datetime.fromisoformat(answer[name]) for name in ("decided_at", "expires_at"))
    assert (campaign.reservations[fan], timedelta(hours=hours)) == (answer["reservation_id"], end - begin)


@then(parsers.re(rf"{FAN} has received (?P<count>\d+) codes?"), converters={"count": int})
def _(campaign: Campaign, fan: str, count: int) -> None:
    assert count == len(set(received := campaign.received(fan, count))) == len(received)


@then("no code was given to two fans")
def _(campaign: Campaign) -> None:
    codes = [event["code"] for event in campaign.handed_out()]
    assert len(codes) == len(set(codes))


@then(
    parsers.re(
        r"the campaign has (?P<available>\d+) available, (?P<reserved>\d+) reserved "
        r"and (?P<assigned>\d+) assigned codes"
    ),
    converters=dict.fromkeys(("available", "reserved", "assigned"), int),
)
def _(campaign: Campaign, available: int, reserved: int, assigned: int) -> None:
    """Database and published counts both agree; an expiry takes a moment."""
    expected = (available, reserved, assigned)
    end = time.monotonic() + ANSWER_LIMIT_S
    while expected != campaign.counts() and time.monotonic() < end:
        pass
    assert expected == campaign.counts()
    assert expected == campaign.service.wait(campaign.codes())
