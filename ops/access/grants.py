"""The model of the table of rights.

Out: `Access` of one user: its rights in Kafka, MongoDB and AWS.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Resource = Literal["topic", "group", "transactional-id", "cluster"]
Pattern = Literal["literal", "prefixed"]
Operation = Literal["Read", "Write", "Create", "Describe", "Alter", "DescribeConfigs", "AlterConfigs"]
MongoAction = Literal["find", "insert", "update", "remove"]


@dataclass(frozen=True, slots=True)
class KafkaGrant:
    """Operations on one resource of Kafka. Read and Write include Describe."""

    resource: Resource
    name: str
    operations: tuple[Operation, ...]
    pattern: Pattern = "literal"


@dataclass(frozen=True, slots=True)
class MongoGrant:
    """Actions on one collection of the service's database."""

    collection: str
    actions: tuple[MongoAction, ...]


@dataclass(frozen=True, slots=True)
class AwsGrant:
    """Actions on resources of AWS."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Access:
    """One user."""

    name: str
    """A role's, or what a neighbour is."""
    user: str
    """The name it logs in with: the group prefix, and `name`."""
    what: str
    """Who that is."""
    kafka: tuple[KafkaGrant, ...] = ()
    mongo: tuple[MongoGrant, ...] = ()
    mongo_roles: tuple[str, ...] = ()
    """MongoDB's own roles on the service's database."""
    aws: tuple[AwsGrant, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return asdict(self)
