"""Whether each code has one holder at most, and everybody says the same one.

In:       a history.
Out:      findings `doubled`, `lost` and `drift`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from handlers.state import STATUS_OF
from ops.audit.history import Event, History
from ops.audit.report import Finding
from ops.records import Fields
from schemas.base import CodeStatus

HOLDING: Final = ("held", "assigned")


def check_holders(history: History) -> Iterator[Finding]:
    """All checks of this file."""
    yield from check_events(history)
    yield from check_fans(history)
    yield from check_assigned_results(history)
    yield from check_reservations(history)
    yield from check_statuses(history)


def check_events(history: History) -> Iterator[Finding]:
    """Each assigned code is announced once."""
    if history.guarantee == "exactly_once":
        for ce_id, times in Counter(event.ce_id for event in history.assigned).items():
            if times > 1:
                yield Finding("doubled", f"assigned.v1: ce_id {ce_id} stands there {times} times")
    if not history.is_whole:
        return
    announced = {event.says.get("code_id") for event in history.assigned}
    for code in history.database.codes:
        if code.status == CodeStatus.ASSIGNED and code.id not in announced:
            yield Finding("lost", f"code {code.id}: assigned, and never announced on assigned.v1")


def check_fans(history: History) -> Iterator[Finding]:
    """No code, by id or by value, goes to two fans or out of two requests; and its value is the code's own."""
    values = {code.id: code.value for code in history.database.codes}
    by_id: dict[object, Event] = {}
    by_value: dict[object, Event] = {}
    for event in history.assigned:
        code_id = event.says.get("code_id")
        yield from check_one_fan(by_id.setdefault(code_id, event), event)
        same_value = by_value.setdefault((event.says.get("campaign_id"), event.says.get("code")), event)
        if same_value.says.get("code_id") != code_id:
            yield Finding("doubled", f"codes {same_value.says.get('code_id')} and {code_id}: one value, told twice")
        if code_id in values and values[code_id] != event.says.get("code"):
            yield Finding("drift", f"code {code_id}: the fan was told another value than the code's")


def check_one_fan(first: Event, event: Event) -> Iterator[Finding]:
    """The first event of a code, and another one."""
    before, now = first.says, event.says
    if before.get("fan_id") != now.get("fan_id"):
        fans = f"{before.get('fan_id')} and to fan {now.get('fan_id')}"
        yield Finding("doubled", f"code {now.get('code_id')}: given to fan {fans}")
    elif before.get("request_id") != now.get("request_id"):
        requests = f"{before.get('request_id')} and by {now.get('request_id')}"
        yield Finding("doubled", f"code {now.get('code_id')}: assigned by request {requests}")


def check_assigned_results(history: History) -> Iterator[Finding]:
    """Who was told that codes are assigned was sent each of them."""
    if history.since_ms:
        return
    announced = {(event.says.get("request_id"), event.says.get("code_id")) for event in history.assigned}
    answers = {event.ce_id: event.says for event in history.results if event.says.get("outcome") == "assigned"}
    for says in answers.values():
        for code_id in says.get("code_ids", ()):
            if (says.get("request_id"), code_id) not in announced:
                yield Finding("lost", f"request {says.get('request_id')}: code {code_id} was never sent to the fan")


def check_reservations(history: History) -> Iterator[Finding]:
    """No code is in two reservations that hold it; who got it is who was told."""
    told = {event.says.get("code_id"): event.says.get("fan_id") for event in history.assigned}
    holder: dict[str, Fields] = {}
    for reservation in held_reservations(history):
        for code_id in reservation["code_ids"]:
            first = holder.setdefault(code_id, reservation)
            if first["_id"] != reservation["_id"]:
                both = f"{first['_id']} and {reservation['_id']}"
                yield Finding("doubled", f"code {code_id}: in reservations {both}")
            if told.get(code_id, reservation["fan_id"]) != reservation["fan_id"]:
                fans = f"fan {reservation['fan_id']} has it, fan {told[code_id]} was told"
                yield Finding("doubled", f"code {code_id}: {fans}")


def check_statuses(history: History) -> Iterator[Finding]:
    """A code's status is the one that its reservation gives it; without a reservation it is available."""
    expected: Mapping[str, CodeStatus] = {
        code_id: STATUS_OF[reservation["state"]]
        for reservation in held_reservations(history)
        for code_id in reservation["code_ids"]
    }
    for code in history.database.codes:
        status = expected.get(code.id, CodeStatus.AVAILABLE)
        if code.status != status:
            yield Finding("drift", f"code {code.id}: is {code.status}, its reservations make it {status}")


def held_reservations(history: History) -> Iterator[Fields]:
    """Reservations that bind codes."""
    return (one for one in history.database.reservations if one["state"] in HOLDING)
