"""Commands of MongoDB besides reads and writes: the migration's, `ping`, `killSessions`."""

from typing import Any

from stores.mongo.migration import migrate_database
from tests.contract.clients.mongo_benches import Bench


def test_a_migration_that_was_done_changes_nothing(on_mongo: Any) -> None:
    """Collections, validators and indexes are listed as they were made."""

    async def claim(bench: Bench) -> None:
        await migrate_database(bench.db, ledger_days=30, check=False)
        again = await migrate_database(bench.db, ledger_days=30, check=False)
        longer = await migrate_database(bench.db, ledger_days=31, check=False)
        names = set(await bench.db.list_collection_names())

        assert [] == again
        assert ["requests.forget", "cancellations.forget"] == [step.name for step in longer]
        assert {"codes", "requests", "reservations", "inventory"} <= names

    on_mongo(claim)


def test_a_command_can_be_sent(on_mongo: Any) -> None:
    """`ping`; and the kill of a session that nobody knows."""

    async def claim(bench: Bench) -> None:
        session = await bench.db.client.start_session()
        answers = [
            await bench.db.client.admin.command("ping"),
            await bench.db.client.admin.command("killSessions", [session.session_id]),
        ]
        assert [1, 1] == [answer["ok"] for answer in answers]

    on_mongo(claim)
