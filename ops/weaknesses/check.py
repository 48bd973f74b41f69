"""Settings of topics, brokers and the database that weaken the promise, found on the running parts.

In:       settings.
Out:      findings, the gravest first.
Promise:  nothing is changed.
"""

from ops.settings.load import Settings
from ops.weaknesses.brokers import broker_findings
from ops.weaknesses.clocks import clock_findings
from ops.weaknesses.database import database_findings
from ops.weaknesses.reading import kafka_state
from ops.weaknesses.retention import retention_findings
from ops.weaknesses.topics import single_broker, topic_findings
from schemas.findings import SEVERITIES, Finding
from stores.mongo.connection import connect
from stores.mongo.topology import topology


async def findings(settings: Settings) -> list[Finding]:
    """Everything that is not as it should be in production.

    Raises:
        BrokerUnavailable, StoreUnavailable: a part gave no answer.
        KafkaRefused: the user may not read the topics' configuration.
    """
    fitting = retention_findings(settings.mongo, settings.topics, settings.expirer)
    found = [*fitting, *await _of_kafka(settings), *await _of_database(settings)]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


async def _of_kafka(settings: Settings) -> list[Finding]:
    state = await kafka_state(settings)
    count = state.brokers.brokers
    return [
        *single_broker(count),
        *topic_findings(state.topics, brokers=count, ledger_days=settings.mongo.ledger_days),
        *broker_findings(state.brokers, settings.kafka, settings.topics, settings.processing_guarantee),
        *clock_findings(state.future, clock_margin_ms=settings.expirer.clock_margin_ms),
    ]


async def _of_database(settings: Settings) -> list[Finding]:
    client = connect(settings.mongo)
    try:
        return database_findings(await topology(client), clock_margin_ms=settings.expirer.clock_margin_ms)
    finally:
        client.close()
