"""Requests without a right are dead letters, and answered; what was decided before is answered again."""

from collections.abc import Mapping, Sequence

import pytest

from schemas.errors import KeysUnavailable
from schemas.observation.partitions import PartUnavailable
from schemas.records import Asked
from schemas.requests import Request
from tests.fakes.builders import body
from tests.fakes.faults import Crashed
from tests.fakes.serving import ServedPartition, reserve_bodies

WHY = "authorization: a bearer token is needed"


class Refusing:
    """Refuses these request ids; raises the errors first."""

    def __init__(self, *request_ids: str, errors: int = 0) -> None:
        self.request_ids = set(request_ids)
        self.errors = errors

    async def refused(self, requests: Sequence[Asked[Request]]) -> Mapping[int, str]:
        """See `Authorizer.refused`."""
        if self.errors:
            self.errors -= 1
            raise KeysUnavailable("the keys cannot be read")
        return {asked.record.offset: WHY for asked in requests if asked.request.request_id in self.request_ids}


def test_a_request_without_a_right_is_a_dead_letter_and_answered() -> None:
    """The others of its batch are served; nothing of it is written."""
    bench = ServedPartition(*reserve_bodies(3), authorizer=Refusing("r-1"))

    bench.serve()

    results = {body(record)["request_id"]: body(record) for record in bench.visible()}
    assert ["reserved", "refused", "reserved"] == [results[f"r-{number}"]["outcome"] for number in range(3)]
    assert "invalid_request" == results["r-1"]["reason"]
    [letter] = bench.visible("dead-letters.v1")
    headers = dict(letter.headers)
    assert (b"unauthorized", WHY.encode()) == (headers["dlq-reason"], headers["dlq-detail"])
    assert {"r-0", "r-2"} == set(bench.database.reservations)


def test_without_keys_requests_wait() -> None:
    """Nobody is refused for it, and readiness says what is missing."""
    bench = ServedPartition(*reserve_bodies(2), authorizer=Refusing(errors=3))

    bench.serve()

    assert ["reserved", "reserved"] == bench.outcomes()
    assert ["keys"] * 3 == bench.observer.each(PartUnavailable, "part")


def test_what_was_decided_from_this_record_is_answered_again() -> None:
    """A crash between the two commits, and a key that was removed meanwhile: the codes are the fan's already."""
    authorizer = Refusing()
    bench = ServedPartition(*reserve_bodies(2), authorizer=authorizer)
    bench.emitter.crash = "before_emit"
    with pytest.raises(Crashed):
        bench.serve()
    authorizer.request_ids = {"r-0", "r-1"}
    bench.emitter = bench.kafka.open_emitter(bench.source)

    bench.serve()

    assert ["reserved", "reserved"] == bench.outcomes()
    assert [] == bench.visible("dead-letters.v1")


def test_a_repeat_without_a_right_is_not_answered_from_the_ledger() -> None:
    """The answer names codes: who may not ask does not get it."""
    [first] = reserve_bodies(1)
    authorizer = Refusing()
    bench = ServedPartition(first, authorizer=authorizer)
    bench.serve()
    authorizer.request_ids = {"r-0"}
    bench.kafka.send(bench.source, first, bench.context.clock())

    bench.serve()

    assert ["reserved", "refused"] == bench.outcomes()
    assert 1 == len(bench.visible("dead-letters.v1"))
