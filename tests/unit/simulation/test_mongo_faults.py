"""The simulated MongoDB as histories use it: errors that faults order, its preparation, its repeatability."""

import asyncio
from typing import Any

import pytest
from pymongo.errors import ConnectionFailure, PyMongoError

from stores.mongo.migration import migrate_database
from tests.simulation.mongo.deployment import Deployment
from tests.unit.simulation.mongo_histories import TRANSIENT, begun, failed, on_simulated


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


def test_a_deployment_can_be_prepared_as_the_migration_does() -> None:
    """Then only the validators are missing."""

    async def history(deployment: Deployment, db: Any) -> None:
        deployment.prepare(db.name)
        steps = await migrate_database(db, ledger_days=30, check=True)
        assert {"validator"} == {step.kind for step in steps}

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
