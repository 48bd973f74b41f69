"""Elections of the simulated MongoDB: what they abort, interrupt and lose.

A real server cannot be brought to these moments; what the driver makes of each error is in tests/contract/clients/.
"""

import asyncio
from typing import Any

from pymongo.errors import AutoReconnect, OperationFailure, ServerSelectionTimeoutError

from tests.simulation.mongo.deployment import Deployment
from tests.unit.simulation.mongo_histories import TRANSIENT, begun, failed, on_simulated


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
        outcome: Any = (await asyncio.gather(commit, return_exceptions=True))[0]
        is_done = outcome is None
        assert is_done or (isinstance(outcome, OperationFailure) and outcome.code == 251)
        outcomes[is_done] += 1
        assert {"_id": "a", "n": int(is_done)} == await db["things"].find_one()

    for seed in range(40):
        on_simulated(history, seed)
    assert min(outcomes.values()) > 0


def test_what_was_sent_to_an_isolated_primary_is_never_done() -> None:
    """The new primary does not know of it; the driver repeats a plain write there."""

    async def history(deployment: Deployment, db: Any) -> None:
        session = await begun(db)
        deployment.isolate(3.0)
        statement = asyncio.ensure_future(db["things"].insert_one({"_id": "b"}, session=session))
        plain = asyncio.ensure_future(db["things"].insert_one({"_id": "c"}))

        error = await failed(statement)
        await plain

        assert isinstance(error, AutoReconnect)
        assert error.has_error_label(TRANSIENT)
        found = await db["things"].find().to_list(None)
        assert [{"_id": "a", "n": 0}, {"_id": "c"}] == found

    on_simulated(history)
