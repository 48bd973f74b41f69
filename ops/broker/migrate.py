"""`codes migrate` without its words: the broker and the database brought to what the service needs.

In:       settings.
Out:      every change made, and every warning, topics first.
"""

from ops.broker.topics import migrate_topics
from ops.broker.versions import broker_versions, check_guarantee, warnings_of
from ops.settings.load import Settings
from stores.mongo.connection import connect, database
from stores.mongo.login import check_login
from stores.mongo.migration import Step, Warned, migrate_database
from stores.mongo.sharding import shard_database


async def migrate(settings: Settings, *, check: bool = False, shard: bool = False) -> list[Step]:
    """Topics, collections, indexes and validators; with `check` nothing is changed. May be run again at any time.

    With `shard` the large collections are also sharded, through a router.

    Raises:
        AccessRefused: a part refuses the login, or a certificate is not accepted.
        BrokerUnavailable, StoreUnavailable: a part gave no answer. What was done stays; run it again.
        KafkaRefused, MigrationRefused: a part will not do a step that others need.
        KafkaTooOld: the brokers cannot keep `exactly_once`. Nothing was done.
        SettingsInvalid: an address or a file of certificates cannot be used.
    """
    brokers = await broker_versions(settings.kafka)
    check_guarantee(settings.processing_guarantee, brokers)
    warned = [Warned("broker", "kafka", why) for why in warnings_of(settings.processing_guarantee, brokers)]
    topics = await migrate_topics(settings, check=check)
    return [*warned, *topics, *await _migrate_database(settings, check=check, shard=shard)]


async def _migrate_database(settings: Settings, *, check: bool, shard: bool) -> list[Step]:
    client = connect(settings.mongo)
    try:
        await check_login(client, settings.mongo)
        db = database(client, settings.mongo)
        wanted = settings.mongo
        steps = await migrate_database(db, ledger_days=wanted.ledger_days, validators=wanted.validators, check=check)
        return [*steps, *await shard_database(db, check=check)] if shard else steps
    finally:
        client.close()
