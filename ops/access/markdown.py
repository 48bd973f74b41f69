"""The table of rights for people: docs/access.md."""

from collections.abc import Callable, Iterable
from typing import Final

from ops.access.grants import Access

HEAD: Final = """\
# Rights

Each role and each neighbour logs in as a user of its own, and has only these rights. `codes acl` prints this table
for the current settings; `codes acl --format kafka`, `terraform` and `strimzi` print the same for a program. A user's
name is the group prefix with the name in the first column.

- Whoever may write to a request topic may send requests for any campaign and any fan.
- Only `reader`, `audit`, `exporter`, `archivist` and `eraser` see the values of codes. `history` may read the
  collection `codes`, but the API reads no value from it.
- The inventory has no user in MongoDB, except `history` if `CODES_INVENTORY__HISTORY_URI` is set, and `operator` if
  `CODES_ACTIONS__URI` is. With the latter it may also write to `import.commands.v1`; with `CODES_ACTIONS__REPLAY` it
  also has the rights of `replayer`, and with `CODES_ACTIONS__S3` it may read `*.rejects.csv` and write `uploads/*`.
- Otherwise only importers, exporters and archivists have rights in AWS; narrow what the last two may write to the
  prefix of your exports.
- Read and Write include Describe. Without transactions, a role needs no right on a transactional id.
- MongoDB allows each user to end its own sessions. So all workers log in as one user, and all importers as one user:
  the new owner of a killed process's partition can then end its open transaction.
- `codes migrate --shard` also needs `clusterManager` on `admin`, and `--check` needs `clusterMonitor`, or the replica
  set's settings are not judged.

| who | what |
|---|---|
"""
KAFKA_HEAD: Final = """
## Kafka

| who | resource | name | operations |
|---|---|---|---|
"""
MONGO_HEAD: Final = """
## MongoDB

Actions on collections of the service's database; MongoDB's own roles on the whole database.

| who | collection or role | actions |
|---|---|---|
"""
AWS_HEAD: Final = """
## AWS

| who | actions | resources |
|---|---|---|
"""


def markdown(table: Iterable[Access]) -> str:
    """The text of docs/access.md for these settings."""
    users = list(table)
    return "".join(
        (
            HEAD,
            *(f"| `{user.name}` | {user.what} |\n" for user in users),
            KAFKA_HEAD,
            *_rows(users, _kafka),
            MONGO_HEAD,
            *_rows(users, _mongo),
            AWS_HEAD,
            *_rows(users, _aws),
        )
    )


def _rows(users: list[Access], cells: Callable[[Access], list[tuple[str, ...]]]) -> list[str]:
    return [f"| `{user.name}` | {' | '.join(row)} |\n" for user in users for row in cells(user)]


def _kafka(user: Access) -> list[tuple[str, ...]]:
    return [
        (grant.resource, f"`{grant.name}`" + "*" * (grant.pattern == "prefixed"), ", ".join(grant.operations))
        for grant in user.kafka
    ]


def _mongo(user: Access) -> list[tuple[str, ...]]:
    own = [(f"`{grant.collection}`", ", ".join(grant.actions)) for grant in user.mongo]
    return [*own, *((f"role `{role}`", "") for role in user.mongo_roles)]


def _aws(user: Access) -> list[tuple[str, ...]]:
    return [(_codes(grant.actions), _codes(grant.resources)) for grant in user.aws]


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
