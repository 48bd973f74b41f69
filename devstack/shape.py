"""The shape of a stack: how many brokers, database nodes and shards it has, and what each node is called.

In:       the numbers.
Out:      the names of the nodes of each part, in a fixed order.
Promise:  the first word of a node's name is its kind; a part of one node has a node of the part's own name.
"""

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

PartName = Literal["kafka", "database", "s3"]
PARTS: tuple[PartName, ...] = get_args(PartName)
NodeKind = Literal["kafka", "database", "config", "shard", "router", "s3"]
KINDS: tuple[NodeKind, ...] = get_args(NodeKind)

BROKERS_MAX = 9
DATABASE_NODES_MAX = 7
"""A replica set has at most seven voting members."""
SHARDS_MAX = 9


class Shape(BaseModel):
    """The numbers of nodes. The default has one node of each part."""

    model_config = ConfigDict(frozen=True)

    brokers: Annotated[int, Field(ge=1, le=BROKERS_MAX)] = 1
    database_nodes: Annotated[int, Field(ge=1, le=DATABASE_NODES_MAX)] = 1
    """Members of the replica set, or of each shard."""
    database_shards: Annotated[int, Field(ge=0, le=SHARDS_MAX)] = 0
    """0: no shards, no config server and no router."""

    def nodes_of(self, part: PartName) -> tuple[str, ...]:
        """The names of a part's nodes."""
        if part == "kafka":
            return _numbered("kafka", self.brokers)
        if part == "s3":
            return ("s3",)
        if not self.database_shards:
            return _numbered("database", self.database_nodes)
        shards = [f"shard-{number + 1}" for number in range(self.database_shards)]
        members = [name for shard in shards for name in _numbered(shard, self.database_nodes)]
        return ("config", *members, "router")

    @property
    def nodes(self) -> tuple[str, ...]:
        """The names of all nodes."""
        return tuple(name for part in PARTS for name in self.nodes_of(part))

    @property
    def options(self) -> str:
        """The options of `codes dev up` that give this shape."""
        sizes = self.model_dump().items()
        return " ".join(f"--{name.replace('_', '-')} {count}" for name, count in sizes)


def kind_of(node: str) -> NodeKind:
    """What a node is, by its name."""
    return next(kind for kind in KINDS if kind == node.partition("-")[0])


def part_of(node: str) -> PartName:
    """The part that a node belongs to."""
    kind = kind_of(node)
    return kind if kind in {"kafka", "s3"} else "database"


def _numbered(name: str, count: int) -> tuple[str, ...]:
    return (name,) if count == 1 else tuple(f"{name}-{number + 1}" for number in range(count))
