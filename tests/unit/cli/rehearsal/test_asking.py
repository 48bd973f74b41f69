"""Which request is sent for an arrival."""

import pytest

from cli.rehearsal.arrivals import Arrival
from cli.rehearsal.asking import Asking
from cli.rehearsal.holds import HOLD_S, KEPT_S, Holds
from cli.rehearsal.journal import Journal
from ops.publishing import default_key
from schemas.base import Operation
from schemas.requests import AssignReservation, ReleaseRequest, ReserveRequest

NOW_S = 1_000.0


@pytest.fixture
def holds() -> Holds:
    """Nothing is held yet."""
    return Holds()


def asking(holds: Holds, repeat_percent: float = 0) -> Asking:
    """The requests of a campaign."""
    return Asking(Journal("run", 100, 2.0), holds, "rehearsal-1", repeat_percent)


def ask(asked: Asking, operation: Operation) -> object:
    """The request of an arrival."""
    found = asked.ask(Arrival(0.0, operation), NOW_S)
    return None if found is None else found.request


def test_the_oldest_reservation_is_assigned_or_released(holds: Holds) -> None:
    """By its own fan, whose key it has."""
    requests = asking(holds)
    reserves = [ask(requests, "reserve") for _ in range(2)]
    for number in (0, 1):
        holds.add(number, NOW_S)

    moves = [ask(requests, "assign"), ask(requests, "release")]

    fans = ["run.fan-0", "run.fan-1"]
    assert reserves == [
        ReserveRequest(request_id=f"run.{n}", campaign_id="rehearsal-1", fan_id=fans[n], ttl_s=HOLD_S) for n in (0, 1)
    ]
    ids = [
        {"request_id": f"run.{n + 2}", "campaign_id": "rehearsal-1", "fan_id": fans[n], "reservation_id": f"run.{n}"}
        for n in (0, 1)
    ]
    assert [AssignReservation(**ids[0]), ReleaseRequest.model_validate(ids[1])] == moves
    assert fans == [default_key(move) for move in moves]  # type: ignore[arg-type]  # they are requests


def test_what_cannot_be_assigned_is_left_out_and_counted(holds: Holds) -> None:
    """Nothing is held, or so long that it may have expired. A reservation is taken once."""
    requests = asking(holds)
    holds.add(0, NOW_S - KEPT_S)
    holds.add(1, NOW_S - KEPT_S + 1)

    assert [True, False, False] == [
        ask(requests, operation) is not None for operation in ("assign", "assign", "release")
    ]
    assert {"assign": 1, "release": 1} == requests.left_out


def test_so_many_requests_are_the_one_before_sent_again(holds: Holds) -> None:
    """At 20 per cent each fifth of its operation; it is the same request, so it has the same answer."""
    requests = asking(holds, repeat_percent=20)

    found = [ask(requests, "reserve") for _ in range(10)]

    assert (found[3], found[8]) == (found[4], found[9])
    assert 8 == len({request.request_id for request in found if isinstance(request, ReserveRequest)})


def test_without_repeats_all_are_different(holds: Holds) -> None:
    """`--repeat-percent 0`."""
    requests = asking(holds)

    assert 50 == len({str(ask(requests, "reserve")) for _ in range(50)})
