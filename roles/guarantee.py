"""Before a role reads its first record: whether the brokers can keep `exactly_once`.

In:       the context of a process.
Out:      nothing, or the error that ends the process; what a person should know stands in the log.
Promise:  a cluster that does not answer is asked again, one that does not report its version is served.
"""

import structlog

from consumers.loop.prefetch import Stopped, unless_stopped
from ops.broker.versions import BrokerVersion, broker_versions, check_guarantee, warnings_of
from roles.process import RoleContext

log = structlog.get_logger(__name__)


async def check_brokers(context: RoleContext) -> None:
    """Ask every broker once.

    Raises:
        KafkaTooOld: `exactly_once` on a broker that is known to be older than 4.0.
    """
    guarantee = context.settings.processing_guarantee
    if guarantee != "exactly_once":
        return
    try:
        brokers = await unless_stopped(_versions(context), context.stopping)
    except Stopped:
        return
    check_guarantee(guarantee, brokers)
    for why in warnings_of(guarantee, brokers):
        log.warning("kafka_version", part="kafka", reason=f"Kafka {why}")


async def _versions(context: RoleContext) -> list[BrokerVersion]:
    return await context.kafka.retries("kafka").run(broker_versions, context.settings.kafka)
