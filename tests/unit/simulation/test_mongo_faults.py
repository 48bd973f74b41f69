"""The faults of the simulated MongoDB: elections, crashes, frozen and slow servers, lost majorities.

A real server cannot be brought to these moments; what the driver makes of each error is in tests/contract/clients/.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pymongo
import pytest
from pymongo.errors import (
    AutoReconnect,
    ConnectionFailure,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WTimeoutError,
)

from ops.settings.load import load_settings
from stores.mongo.connection import connect, database
from tests.simulation.kernel import clocks
from tests.simulation.kernel.world import World, run_world
from tests.simulation.mongo.deployment import DEPLOYMENT, Deployment
from tests.simulation.mongo.replacements import PACKAGES, replacements

History = Callable[[Deployment, Any], Coroutine[Any, Any, None]]
TRANSIENT = "TransientTransactionError"


def on_simulated(history: History, seed: int = 1, timeout_ms: int = 5_000) -> int:
    """Run a history on a deployment with the document `a`; the number of steps it took."""
    settings = load_settings({"CODES_MONGO__TIMEOUT_MS": str(timeout_ms)})
    steps = 0

    async def run(world: World) -> None:
        nonlocal steps
        deployment = Deployment(world.network, world.random)
        DEPLOYMENT.set(deployment)
        db = database(connect(settings.mongo), settings.mongo)
        await db["things"].insert_one({"_id": "a", "n": 0})
        await history(deployment, db)
        steps = world.loop.steps

    with clocks.replaced({**clocks.CLOCKS, **replacements()}, ("stores", *PACKAGES)):
        run_world(seed, run)
    return steps


async def failed(work: Any) -> Any:
    """The error of an operation that fails."""
    with pytest.raises(PyMongoError) as raised:
        await work
    return raised.value


async def begun(db: Any) -> Any:
    """A session with a transaction that has written the document."""
    session = await db.client.start_session()
    session.start_transaction()
    await db["things"].update_one({"_id": "a"}, {"$set": {"n": 1}}, session=session)
    return session


def test_an_election_aborts_open_transactions() -> None:
    """Their next statement and their commit fail with 251."""

    async def history(deployment: Deployment, db: Any) -> None:
        first, second = await begun(db), await db.client.start_session()
        second.start_transaction()
        await db["things"].insert_one({"_id": "b"}, session=second)
        deployment.step_down(1.0)
        await asyncio.sleep(2)

        errors = [await failed(first.commit_transaction()), await failed(db["things"].find_one(session=second))]

        assert [(251, True)] * 2 == [(error.code, error.has_error_label(TRANSIENT)) for error in errors]
        assert 0 == deployment.open_transactions()
        assert [{"_id": "a", "n": 0}] == await db["things"].find().to_list(None)

    on_simulated(history)


def test_operations_wait_for_the_new_primary() -> None:
    """A plain write is repeated by the driver, and done once."""

    async def history(deployment: Deployment, db: Any) -> None:
        began_s = asyncio.get_running_loop().time()
        deployment.step_down(2.0)

        done = await db["things"].update_one({"_id": "a", "n": 0}, {"$set": {"n": 1}})

        assert 1 == done.matched_count
        assert 2 <= asyncio.get_running_loop().time() - began_s < 4

    on_simulated(history)


def test_without_a_primary_an_operation_ends_in_time() -> None:
    """With the error of server selection; in a transaction it has the label for those that may be repeated."""

    async def history(deployment: Deployment, db: Any) -> None:
        session = await begun(db)
        deployment.step_down(60.0)
        await asyncio.sleep(1)

        errors = [
            await failed(db["things"].find_one()),
            await failed(db["things"].find_one(session=session)),
        ]

        assert [True, True] == [isinstance(error, ServerSelectionTimeoutError) for error in errors]
        assert [False, True] == [error.has_error_label(TRANSIENT) for error in errors]
        assert 11 <= asyncio.get_running_loop().time() < 13

    on_simulated(history)


def test_what_a_majority_has_survives_every_election() -> None:
    """In 40 histories; what was not acknowledged is there or not, and in some histories each."""
    lost = {True: 0, False: 0}

    async def history(deployment: Deployment, db: Any) -> None:
        deployment.lose_majority()
        late = asyncio.ensure_future(db["things"].insert_one({"_id": "b"}))
        await asyncio.sleep(0.05)
        later = asyncio.ensure_future(db["things"].insert_one({"_id": "c"}))
        await asyncio.sleep(0.1)
        deployment.crash()
        ids = {found["_id"] for found in deployment.documents(db.name)["things"]}
        lost["b" not in ids] += 1
        assert "a" in ids
        assert not ("c" in ids and "b" not in ids)
        deployment.restart(1.0)
        await asyncio.gather(late, later)
        found = await db["things"].find().to_list(None)
        assert ["a", "b", "c"] == sorted(document["_id"] for document in found)

    for seed in range(40):
        on_simulated(history, seed)
    assert min(lost.values()) > 0


def test_a_commit_that_an_election_interrupts_is_decided_once() -> None:
    """It is repeated, and succeeds if the new primary has it; otherwise it fails, and nothing of it is there."""
    outcomes: dict[bool, int] = {True: 0, False: 0}

    async def history(deployment: Deployment, db: Any) -> None:
        session = await begun(db)
        deployment.lose_majority()
        commit = asyncio.ensure_future(session.commit_transaction())
        await asyncio.sleep(0.1)
        deployment.step_down(0.5)
        (outcome,) = await asyncio.gather(commit, return_exceptions=True)
        is_done = outcome is None
        assert is_done or (isinstance(outcome, OperationFailure) and outcome.code == 251)
        outcomes[is_done] += 1
        assert {"_id": "a", "n": int(is_done)} == await db["things"].find_one()

    for seed in range(40):
        on_simulated(history, seed)
    assert min(outcomes.values()) > 0


def test_a_transaction_lives_for_a_minute() -> None:
    """Then its documents are free, and its commit fails with 251."""

    async def history(_deployment: Deployment, db: Any) -> None:
        session = await begun(db)
        with pymongo.timeout(120):
            await db["things"].update_one({"_id": "a", "n": 0}, {"$set": {"n": 2}})
        assert 59 < asyncio.get_running_loop().time() < 61

        error = await failed(session.commit_transaction())

        assert (251, True) == (error.code, error.has_error_label(TRANSIENT))

    on_simulated(history)


def test_a_statement_that_runs_when_its_transaction_is_a_minute_old_is_interrupted() -> None:
    """With 290."""

    async def history(deployment: Deployment, db: Any) -> None:
        session = await begun(db)
        await asyncio.sleep(58)
        deployment.slow(4.0, "insert")

        error = await failed(db["things"].insert_one({"_id": "b"}, session=session))

        assert (290, False) == (error.code, error.has_error_label(TRANSIENT))

    on_simulated(history)


def test_a_statement_that_runs_when_its_session_is_killed_is_interrupted() -> None:
    """With 11601."""

    async def history(deployment: Deployment, db: Any) -> None:
        session = await begun(db)
        deployment.slow(4.0, "insert")
        late = asyncio.ensure_future(db["things"].insert_one({"_id": "b"}, session=session))
        await asyncio.sleep(1)

        await db.client.admin.command("killSessions", [session.session_id])

        error = await failed(late)
        assert 11_601 == error.code
        assert 1 == (await db["things"].update_one({"_id": "a", "n": 0}, {"$set": {"n": 2}})).matched_count

    on_simulated(history)


def test_a_frozen_server_does_later_what_reached_it() -> None:
    """The client gives up after its time-out."""

    async def history(deployment: Deployment, db: Any) -> None:
        deployment.freeze()

        error = await failed(db["things"].insert_one({"_id": "b"}))

        assert isinstance(error, NetworkTimeout)
        assert error.timeout
        deployment.thaw()
        await asyncio.sleep(1)
        assert 2 == await db["things"].count_documents({})

    on_simulated(history)


def test_a_server_that_is_frozen_for_long_is_not_selected() -> None:
    """The driver's monitor gives it up after half a minute."""

    async def history(deployment: Deployment, db: Any) -> None:
        deployment.freeze()
        await asyncio.sleep(31)
        assert isinstance(await failed(db["things"].find_one()), ServerSelectionTimeoutError)
        deployment.thaw()
        assert {"_id": "a", "n": 0} == await db["things"].find_one()

    on_simulated(history)


def test_a_crash_loses_connections() -> None:
    """A statement of a transaction fails without a time-out, and its transaction is gone."""

    async def history(deployment: Deployment, db: Any) -> None:
        session = await begun(db)
        deployment.slow(1.0)
        late = asyncio.ensure_future(db["things"].insert_one({"_id": "b"}, session=session))
        await asyncio.sleep(0.5)
        deployment.crash()

        error = await failed(late)

        assert isinstance(error, AutoReconnect)
        assert (False, True) == (error.timeout, error.has_error_label(TRANSIENT))
        deployment.restart(0.5)
        deployment.slow(0.0)
        assert [{"_id": "a", "n": 0}] == await db["things"].find().to_list(None)

    on_simulated(history)


def test_a_write_without_a_majority_is_a_time_out_and_stays() -> None:
    """The error says that the majority did not confirm it; readers see it when it does."""

    async def history(deployment: Deployment, db: Any) -> None:
        deployment.lose_majority()

        error = await failed(db["things"].insert_one({"_id": "b"}))

        assert isinstance(error, WTimeoutError | NetworkTimeout)
        assert error.timeout
        assert 1 == await db["things"].count_documents({})
        deployment.regain_majority()
        await asyncio.sleep(0.1)
        assert 2 == await db["things"].count_documents({})

    on_simulated(history)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("slow_pool", WaitQueueTimeoutError), ("slow_selection", PyMongoError), ("slow", PyMongoError)],
)
def test_whatever_is_slow_is_a_time_out(fault: str, kind: type[Exception]) -> None:
    """A connection, a server, a command."""

    async def history(deployment: Deployment, db: Any) -> None:
        getattr(deployment, fault)(6.0)

        error = await failed(db["things"].find_one())

        assert isinstance(error, kind)
        assert error.timeout
        deployment.heal()
        assert {"_id": "a", "n": 0} == await db["things"].find_one()

    on_simulated(history)


@pytest.mark.parametrize("code", [6, 13, 64, 91, 112, 189, 262, 391, 8000, 9001, 10_107, 11_600, 11_602, 13_435])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_any_error_can_be_given_before_and_after_the_effect(code: int, moment: Any) -> None:
    """A plain write: an error that the driver repeats is not seen; the write is done once, or not at all."""

    async def history(deployment: Deployment, db: Any) -> None:
        deployment.fail(code, "insert", moment=moment)
        try:
            await db["things"].insert_one({"_id": "b"})
        except PyMongoError as error:
            assert not isinstance(error, ConnectionFailure)  # noqa: PT017  # some codes raise nothing
            is_done = moment == "after"
        else:
            is_done = True
        assert 1 + is_done == await db["things"].count_documents({})

    on_simulated(history)


def test_labels_can_be_left_out_and_added() -> None:
    """As other engines and routers do."""

    async def history(deployment: Deployment, db: Any) -> None:
        session = await begun(db)
        deployment.fail(112, "insert", labels=())
        bare = await failed(db["things"].insert_one({"_id": "b"}, session=session))
        deployment.fail(8000, "find", labels=(TRANSIENT,))
        labelled = await failed(db["things"].find_one())
        assert [False, True] == [error.has_error_label(TRANSIENT) for error in (bare, labelled)]

    on_simulated(history)


def test_the_same_seed_gives_the_same_history() -> None:
    """Step by step, with elections and conflicts."""

    async def history(deployment: Deployment, db: Any) -> None:
        things = db["things"]
        await things.insert_many([{"_id": str(number), "n": 0} for number in range(20)])

        async def move(number: int) -> None:
            session = await db.client.start_session()
            session.start_transaction()
            await things.update_many({"_id": {"$in": [str(number), "7"]}}, {"$set": {"n": number}}, session=session)
            await session.commit_transaction()

        moves = [asyncio.ensure_future(move(number)) for number in range(20)]
        await asyncio.sleep(0.004)
        deployment.step_down(0.5)
        outcomes.append([type(outcome) for outcome in await asyncio.gather(*moves, return_exceptions=True)])
        outcomes.append(list(deployment.documents(db.name)["things"]))

    outcomes: list[list[Any]] = []
    steps = [on_simulated(history, 3), on_simulated(history, 3)]
    assert steps[0] == steps[1]
    assert outcomes[:2] == outcomes[2:]
    assert len({kind.__name__ for kind in outcomes[0]}) > 1
