"""Which Kafka the brokers are, as far as they say, and whether `exactly_once` holds on it.

In:       the Kafka settings.
Out:      `BrokerVersion` of each broker that answers; warnings, or `KafkaTooOld`.
Promise:  nothing is guessed: a broker that does not say is unknown, and what is unknown refuses nothing.

What says it is the feature `metadata.version` in the answer to ApiVersions v3. The highest level that a broker
*supports* is its software's: each minor release has levels of its own. The *finalized* level is the cluster's, and
may be older than the software. No level tells the patch release. Kafka with ZooKeeper has no such feature; it is
known by a request that nothing else takes.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import IncompatibleBrokerVersion, KafkaError

from ops.broker.client import client_options
from ops.broker.features import ApiVersionsRequest, Features, features_in
from schemas.errors import BrokerUnavailable, CodeServiceError
from schemas.settings import KafkaSettings, ProcessingGuarantee

METADATA_VERSION: Final = "metadata.version"
LEVELS: Final[Mapping[int, str]] = {
    1: "3.0", 2: "3.1", 3: "3.2", 7: "3.3", 8: "3.4", 11: "3.5", 14: "3.6", 19: "3.7", 20: "3.8", 21: "3.9",
    25: "4.0", 27: "4.1", 29: "4.2", 30: "4.3",
}  # fmt: skip
"""The highest level of each minor release, from Kafka's `MetadataVersion`."""
LAST_BEFORE_4: Final = 21
"""The last level of 3.9. Before Kafka 4.0 an offset that a transaction commits may be seen a moment later than the
transaction's end: a partition's next owner, who fences the last one and then reads the offset, would have to ask for
stable offsets, and aiokafka's OffsetFetch cannot. It would answer the last batch once more."""
LOSES_MARKERS: Final = "4.3"
"""4.3.0 and 4.3.1: KAFKA-20734."""
ZOOKEEPER_ONLY: Final = 4
"""LeaderAndIsr, which says to brokers with ZooKeeper who leads; Kafka 4.0 has neither."""
ANSWER_TIMEOUT_S: Final = 5.0
"""For one broker; one that is down must not keep a role from starting."""
BROKERS_MAX: Final = 100
"""Asked at once; of a larger cluster the first ones."""


class KafkaTooOld(CodeServiceError):
    """`exactly_once` needs Kafka 4.0 or newer. Upgrade it, or set `CODES_PROCESSING_GUARANTEE=at_least_once`."""


@dataclass(frozen=True, slots=True)
class BrokerVersion:
    """What one broker says of itself."""

    node_id: int
    software: int | None
    """The highest level of `metadata.version` that it supports; None: it does not say."""
    cluster: int | None = None
    """The finalized level; None: it does not say."""
    is_zookeepers: bool = False

    @property
    def is_too_old(self) -> bool:
        """Whether it is known to be older than 4.0."""
        return self.is_zookeepers or (self.software is not None and self.software <= LAST_BEFORE_4)

    @property
    def release(self) -> str:
        """The software's, in words."""
        if self.software is None:
            return "a release before 4.0, with ZooKeeper" if self.is_zookeepers else "of unknown version"
        return release_of(self.software)


def release_of(level: int) -> str:
    """The minor release that a level of `metadata.version` belongs to."""
    found = next((release for highest, release in sorted(LEVELS.items()) if level <= highest), None)
    return found or f"newer than {LEVELS[max(LEVELS)]}"


def version_of(node_id: int, features: Features) -> BrokerVersion:
    """What a broker's features say."""
    return BrokerVersion(
        node_id,
        features.supported.get(METADATA_VERSION),
        features.finalized.get(METADATA_VERSION),
        is_zookeepers=METADATA_VERSION not in features.supported and ZOOKEEPER_ONLY in features.requests,
    )


def check_guarantee(guarantee: ProcessingGuarantee, brokers: Sequence[BrokerVersion]) -> None:
    """Whether this guarantee can be given.

    Raises:
        KafkaTooOld: `exactly_once` on a broker that is known to be older than 4.0.
    """
    old = [broker for broker in brokers if broker.is_too_old]
    if guarantee == "exactly_once" and old:
        raise KafkaTooOld(f"Kafka is {by_release(old)}")


def warnings_of(guarantee: ProcessingGuarantee, brokers: Sequence[BrokerVersion]) -> list[str]:
    """What a person should look at before relying on `exactly_once`."""
    if guarantee != "exactly_once":
        return []
    unknown = [broker for broker in brokers if broker.software is None and not broker.is_zookeepers]
    lossy = [broker for broker in brokers if broker.software and release_of(broker.software) == LOSES_MARKERS]
    said = []
    if unknown or not brokers:
        said.append("does not say its version; exactly_once needs 4.0 or newer, and not 4.3.0 or 4.3.1")
    if lossy:
        said.append(
            f"is {by_release(lossy)}; 4.3.0 and 4.3.1 lose the ends of transactions (KAFKA-20734), so that "
            "exactly_once does not hold there, and which patch release it is cannot be told from outside: look at "
            "`Kafka version` in the broker's log"
        )
    return said


def by_release(brokers: Iterable[BrokerVersion]) -> str:
    """`3.9 (brokers 1, 2)`, each release once; with the cluster's level where that is another one."""
    ids: dict[str, list[str]] = {}
    for broker in brokers:
        level = "" if broker.cluster is None else release_of(broker.cluster)
        differs = f" with {METADATA_VERSION} {level}" if level not in {"", broker.release} else ""
        ids.setdefault(broker.release + differs, []).append(str(broker.node_id))
    return "; ".join(f"{release} (broker {', '.join(numbers)})" for release, numbers in sorted(ids.items()))


async def broker_versions(settings: KafkaSettings) -> list[BrokerVersion]:
    """Every broker's answer; those that do not answer are left out.

    Raises:
        BrokerUnavailable: no broker answers.
        SettingsInvalid: a file of certificates or keys cannot be used.
    """
    client = AIOKafkaClient(**client_options(settings))
    try:
        await client.bootstrap()
        brokers = sorted(client.cluster.brokers(), key=lambda broker: broker.nodeId)[:BROKERS_MAX]
        found = await asyncio.gather(*(_ask(client, broker.nodeId) for broker in brokers))
    except (KafkaError, TimeoutError, AssertionError) as why:  # aiokafka asserts that a cluster names a broker
        raise BrokerUnavailable(f"Kafka at {settings.bootstrap_servers}: {type(why).__name__}") from None
    finally:
        await client.close()
    return [version for version in found if version is not None]


async def _ask(client: AIOKafkaClient, node_id: int) -> BrokerVersion | None:
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            return version_of(node_id, features_in(await client.send(node_id, ApiVersionsRequest())))
    except (IncompatibleBrokerVersion, NotImplementedError):
        return BrokerVersion(node_id, software=None)
    except (KafkaError, TimeoutError):
        return None
