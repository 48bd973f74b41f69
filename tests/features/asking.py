"""Steps about requests, and the answers to them."""

from typing import Any

from pytest_bdd import given, parsers, then, when

from schemas.topics import ASSIGN, RELEASE, RESERVE
from tests.features.campaign import Campaign

FAN = r"(?P<fan>[A-Z][a-z]+)"
COUNT = r"(?P<count>a|\d+) codes?"


def as_count(text: str) -> int:
    return 1 if text == "a" else int(text)


@when(parsers.re(f"{FAN} reserves {COUNT}"), converters={"count": as_count})
def _(campaign: Campaign, fan: str, count: int) -> None:
    campaign.ask(fan, RESERVE, fan_id=fan, quantity=count)
    campaign.reservations[fan] = campaign.sent[fan][1]["request_id"]


@given(parsers.re(f"{FAN} is assigned {COUNT} straight from stock"), converters={"count": as_count})
@when(parsers.re(f"{FAN} is assigned {COUNT} straight from stock"), converters={"count": as_count})
def _(campaign: Campaign, fan: str, count: int) -> None:
    campaign.ask(fan, ASSIGN, fan_id=fan, quantity=count)


@when(parsers.re(rf"{FAN}'s reservation is assigned to (?P<receiver>[A-Z][a-z]+)"))
def _(campaign: Campaign, fan: str, receiver: str) -> None:
    campaign.ask(receiver, ASSIGN, fan_id=receiver, reservation_id=campaign.reservations[fan])


@when(parsers.re(rf"{FAN}'s reservation is released(?: by (?P<giver>[A-Z][a-z]+))?"))
def _(campaign: Campaign, fan: str, giver: str | None) -> None:
    asker = giver or fan
    campaign.ask(asker, RELEASE, fan_id=asker, reservation_id=campaign.reservations[fan])


@when("the same request is sent again")
def _(campaign: Campaign) -> None:
    campaign.ask_again(campaign.last_fan())


@when(parsers.re(f"the same request is sent again, but for {COUNT}"), converters={"count": as_count})
def _(campaign: Campaign, count: int) -> None:
    campaign.ask_again(campaign.last_fan(), quantity=count)


@when(parsers.re(f"{FAN}'s request is sent again"))
def _(campaign: Campaign, fan: str) -> None:
    campaign.ask_again(fan)


@then(parsers.parse('the request is answered with "{outcome}"'))
def _(campaign: Campaign, outcome: str) -> None:
    assert (outcome, None) == last_words(campaign)


@then(parsers.parse('the request is refused because of "{reason}"'))
def _(campaign: Campaign, reason: str) -> None:
    assert ("refused", reason.replace(" ", "_")) == last_words(campaign)


@then("both answers are the same")
def _(campaign: Campaign) -> None:
    [first, again] = campaign.answers
    assert first == again


def last_words(campaign: Campaign) -> tuple[Any, Any]:
    return campaign.answers[-1]["outcome"], campaign.answers[-1]["reason"]
