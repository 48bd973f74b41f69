"""A reservation that disagrees with its codes: set aside with a word on why, and nobody else waits for it."""

import pytest

from schemas.base import CodeStatus
from schemas.errors import FactsStale
from schemas.observation.requests import PlanConflicted, ReservationDisagrees
from schemas.requests import Request
from schemas.topics import ASSIGN, RELEASE, RESERVE
from tests.fakes.builders import a_release, a_reserve, an_assign, an_expiry, body, header
from tests.fakes.kafka import Source
from tests.fakes.memory_store import MemoryDatabase
from tests.fakes.serving import SOURCE, ServedPartition

ASSIGNS = Source(ASSIGN.name, 0)
RELEASES = Source(RELEASE.name, 0)
HOLDS = 5
BROKEN = "r-2"


def held() -> MemoryDatabase:
    """Five reservations of two codes each."""
    bench = ServedPartition(*(a_reserve(request_id=f"r-{number}", quantity=2).to_json() for number in range(HOLDS)))
    bench.serve()
    return bench.database


def codes_of(database: MemoryDatabase, reservation_id: str = BROKEN) -> tuple[str, ...]:
    return database.reservations[reservation_id].code_ids


def change(database: MemoryDatabase, code_id: str, **changes: object) -> None:
    database.codes[code_id] = database.codes[code_id].model_copy(update=changes)


def lose_all(database: MemoryDatabase) -> None:
    """As a deletion by hand does."""
    for code_id in codes_of(database):
        del database.codes[code_id]


def lose_some(database: MemoryDatabase) -> None:
    del database.codes[codes_of(database)[0]]


def free_some(database: MemoryDatabase) -> None:
    """As the restore of an older collection does."""
    change(database, codes_of(database)[0], status=CodeStatus.AVAILABLE)


def give_to_another(database: MemoryDatabase) -> None:
    """A code that is reserved, as it should be, but by another reservation."""
    change(database, codes_of(database)[0], moved_by="reserve.requests.v1.7@99")


BREAKS = [
    pytest.param(lose_all, "code_ids: 2 of 2 missing", id="all missing"),
    pytest.param(lose_some, "code_ids: 1 of 2 missing", id="some missing"),
    pytest.param(free_some, "code_ids: 1 of 2 available instead of reserved", id="another status"),
    pytest.param(give_to_another, "code_ids: 1 of 2 of another reservation", id="another's"),
]


def served(source: Source, database: MemoryDatabase, *requests: Request) -> ServedPartition:
    bench = ServedPartition(*(request.to_json() for request in requests), source=source, database=database)
    bench.serve()
    return bench


def assigns() -> list[Request]:
    return [an_assign(request_id=f"a-{number}", reservation_id=f"r-{number}") for number in range(HOLDS)]


@pytest.mark.parametrize(("spoil", "detail"), BREAKS)
@pytest.mark.parametrize("source", [ASSIGNS, RELEASES])
def test_it_is_set_aside_and_the_others_are_served(source: Source, spoil: object, detail: str) -> None:
    """In one batch: a dead letter that names the field and why, and the refusal of unprocessable requests."""
    database = held()
    spoil(database)  # type: ignore[operator]
    is_assign = source is ASSIGNS
    releases = [a_release(request_id=f"a-{number}", reservation_id=f"r-{number}") for number in range(HOLDS)]

    bench = served(source, database, *(assigns() if is_assign else releases))

    done = "assigned" if is_assign else "released"
    assert [done, done, "refused", done, done] == bench.outcomes()
    assert "invalid_request" == body(bench.visible()[2])["reason"]
    (letter,) = bench.visible("dead-letters.v1")
    assert (b"unprocessable", detail.encode()) == (header(letter, "dlq-reason"), header(letter, "dlq-detail"))
    assert 2 * (HOLDS - 1) == sum(len(move) for plan in database.applied[-1:] for move in plan.code_moves.values())
    [found] = bench.observer.of(ReservationDisagrees)
    assert ("a-2", BROKEN, detail) == (found.subject.request_id, found.why.reservation_id, found.why.detail)
    assert (1, "held") == (len(bench.kafka.emissions), database.reservations[BROKEN].state)
    assert "a-2" not in database.requests


def test_it_costs_no_halving() -> None:
    """So the others wait for a few tries, however large the batch is."""
    database = held()
    lose_all(database)

    bench = served(ASSIGNS, database, *assigns())

    assert 2 == len(bench.observer.of(PlanConflicted))
    assert [HOLDS - 1] == [len(plan.answers) for plan in database.applied[1:]]


def test_a_request_that_moves_nothing_is_answered_as_ever() -> None:
    """A stranger is a stranger, whatever is wrong with the reservation."""
    database = held()
    lose_all(database)

    bench = served(
        ASSIGNS, database, *assigns()[:3], an_assign(request_id="x", fan_id="other", reservation_id=BROKEN)
    )

    assert ["assigned", "assigned", "refused", "refused"] == bench.outcomes()
    assert "not_the_holder" == body(bench.visible()[3])["reason"]


def test_contention_is_no_disagreement() -> None:
    """What agrees in a snapshot is tried again for as long as it takes."""
    bench = ServedPartition(an_assign(reservation_id="r-1").to_json(), source=ASSIGNS, database=held())
    bench.store.faults.refusals = [FactsStale("others were faster")] * 21

    bench.serve()

    assert (["assigned"], []) == (bench.outcomes(), bench.observer.of(ReservationDisagrees))


def test_it_is_decided_once_it_is_mended() -> None:
    """Nothing about it is remembered; the sender sends its request again, under the same id."""
    database = held()
    kept = {code_id: database.codes[code_id] for code_id in codes_of(database)}
    lose_all(database)
    served(ASSIGNS, database, *assigns())
    database.codes |= kept

    bench = served(ASSIGNS, database, assigns()[2])

    assert ["assigned"] == bench.outcomes()


def test_two_reservations_of_one_code_give_it_to_its_holder_alone() -> None:
    """After a partial restore: both are held, and only one moved the code. In one batch, in either order."""
    for order in (1, -1):
        database = held()
        stolen = database.reservations["r-1"].model_copy(update={"code_ids": codes_of(database, "r-3")})
        database.reservations["r-1"] = stolen.model_copy(update={"moved_by": "reserve.requests.v1.7@99"})
        requests = [assigns()[1], assigns()[3]][::order]

        bench = served(ASSIGNS, database, *requests)

        fans = [body(event)["request_id"] for event in bench.visible("assigned.v1")]
        assert ["a-3", "a-3"] == fans
        assert ("held", "assigned") == (database.reservations["r-1"].state, database.reservations["r-3"].state)


def test_an_expiry_does_not_free_what_another_holds() -> None:
    """It would be reserved again while its holder still has it."""
    database = held()
    give_to_another(database)

    bench = served(RELEASES, database, an_expiry(BROKEN), a_release(request_id="b", reservation_id="r-1"))

    assert {"b": "released"} == {
        body(record)["request_id"]: body(record)["outcome"]
        for record in bench.visible()
        if body(record)["outcome"] == "released"
    }
    assert CodeStatus.RESERVED == database.codes[codes_of(database)[0]].status


def test_a_redelivered_assignment_whose_codes_are_gone_is_answered_all_the_same() -> None:
    """Its result is the ledger's, codes that still exist are published, and a dead letter names the rest."""
    database = held()
    first = ServedPartition(assigns()[2].to_json(), source=ASSIGNS, database=database)
    first.emitter.failures = 1
    with pytest.raises(Exception, match="aborted"):
        first.serve()
    lost, left = codes_of(database)
    del database.codes[lost]

    first.serve()

    assert ["assigned"] == first.outcomes()
    assert [left] == [body(event)["code_id"] for event in first.visible("assigned.v1")]
    (letter,) = first.visible("dead-letters.v1")
    assert b"code_ids: 1 of 2 missing" == header(letter, "dlq-detail")
    [found] = first.observer.of(ReservationDisagrees)
    assert BROKEN == found.why.reservation_id


def test_reserves_name_no_reservation_to_compare() -> None:
    """A stale stock is contention and nothing else."""
    bench = ServedPartition(a_reserve().to_json(), source=SOURCE)
    bench.store.faults.refusals = [FactsStale("others were faster")] * 5

    bench.serve()

    assert (["reserved"], RESERVE.name) == (bench.outcomes(), bench.source.topic)
