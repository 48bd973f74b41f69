"""Which Kafka the brokers are, as far as they say, and whether `exactly_once` may be promised on it.

In:       the Kafka settings.
Out:      `BrokerVersion` of each broker that answers; a warning, or `KafkaTooOld`.
Promise:  nothing is guessed: a broker that does not tell is unknown, and unknown refuses nothing.

What tells is the feature `metadata.version` in the answer to ApiVersions (v3, Kafka 2.4 and newer). Its highest
*supported* level is that of the software: each minor release has levels of its own. Its *finalized* level is what
the cluster has been upgraded to, and may be older than the software. No level tells the patch release. Kafka with
ZooKeeper has no such feature; it is known by the requests that only it has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import IncompatibleBrokerVersion, KafkaError

from ops.kafka import client_options
from ops.kafka_features import ApiVersionsRequest, Features, features_in
from schemas.errors import BrokerUnavailable, CodeServiceError
from schemas.settings import KafkaSettings

Release = tuple[int, int]

METADATA_VERSION: Final = "metadata.version"
LEVELS: Final[Mapping[Release, int]] = {
    (3, 0): 1, (3, 1): 2, (3, 2): 3, (3, 3): 7, (3, 4): 8, (3, 5): 11, (3, 6): 14, (3, 7): 19, (3, 8): 20, (3, 9): 21,
    (4, 0): 25, (4, 1): 27, (4, 2): 29, (4, 3): 30,
}  # fmt: skip
"""The highest level of each minor release, from Kafka's `MetadataVersion`."""
ZOOKEEPER_ONLY: Final = 4
"""LeaderAndIsr: a request between brokers with ZooKeeper, which Kafka 4.0 removed."""
EXACTLY_ONCE_MIN: Final[Release] = (4, 0)
"""Before, the committed offset that a partition's next owner reads may lack a commit whose marker is not written yet:
OffsetFetch would have to ask for stable offsets, and aiokafka's does not. Since 4.0 a producer's next transaction
has a new epoch, so that offsets of an unfinished one cannot be passed by."""
MARKERS_LOST: Final[Release] = (4, 3)
BROKERS_MAX: Final = 100
"""Asked; of a larger cluster the first ones."""
REMEDY: Final = "Upgrade Kafka, or set CODES_PROCESSING_GUARANTEE=at_least_once (readers then remember ce_id)"
