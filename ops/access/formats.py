"""The table of rights for programs: commands of Kafka, Terraform in JSON, users of Strimzi.

In:       the table; the name of the database and of the Kafka cluster.
Out:      text, for a shell, a `.tf.json` file or `kubectl`.
"""

import json
import re
import shlex
from collections.abc import Iterable, Iterator
from typing import Any, Final

from ops.access.grants import Access, KafkaGrant

NOT_IN_NAMES: Final = re.compile(r"[^a-z0-9]+")
TERRAFORM_TYPES: Final = {
    "topic": "Topic",
    "group": "Group",
    "transactional-id": "TransactionalID",
    "cluster": "Cluster",
}
STRIMZI_TYPES: Final = {"transactional-id": "transactionalId"}
KAFKA_HEAD: Final = """\
#!/bin/sh
# Expects BROKERS, and the file admin.properties with a login that may alter rights.
acl() { kafka-acls.sh --bootstrap-server "$BROKERS" --command-config admin.properties --add --force "$@"; }
"""


def kafka_commands(table: Iterable[Access]) -> str:
    """A shell script with Kafka's own command."""
    lines = (" ".join(map(shlex.quote, _command(user, grant))) for user in table for grant in user.kafka)
    return KAFKA_HEAD + "".join(f"{line}\n" for line in lines)


def _command(user: Access, grant: KafkaGrant) -> list[str]:
    operations = [part for operation in grant.operations for part in ("--operation", operation)]
    resource = [f"--{grant.resource}"] if grant.resource == "cluster" else [f"--{grant.resource}", grant.name]
    pattern = ["--resource-pattern-type", grant.pattern] if grant.pattern == "prefixed" else []
    return ["acl", "--allow-principal", f"User:{user.user}", *operations, *pattern, *resource]


def terraform(table: Iterable[Access], database: str) -> str:
    """Resources of the providers `Mongey/kafka`, `mongodb/mongodbatlas` and `hashicorp/aws`."""
    users = list(table)
    resources = {
        "kafka_acl": dict(acl for user in users for acl in _acls(user)),
        "mongodbatlas_custom_db_role": {
            _name(user.user): _mongo_role(user, database) for user in users if user.mongo or user.mongo_roles
        },
        "aws_iam_policy": {_name(user.user): _policy(user) for user in users if user.aws},
    }
    variables = {"mongodbatlas_project_id": {"type": "string"}}
    return json.dumps({"variable": variables, "resource": resources}, indent=2) + "\n"


def _acls(user: Access) -> Iterator[tuple[str, dict[str, str]]]:
    for grant in user.kafka:
        for operation in grant.operations:
            yield (
                _name(f"{user.user} {operation} {grant.resource} {grant.name}"),
                {
                    "resource_name": grant.name,
                    "resource_type": TERRAFORM_TYPES[grant.resource],
                    "resource_pattern_type_filter": grant.pattern.capitalize(),
                    "acl_principal": f"User:{user.user}",
                    "acl_host": "*",
                    "acl_operation": operation,
                    "acl_permission_type": "Allow",
                },
            )


def _mongo_role(user: Access, database: str) -> dict[str, Any]:
    actions: dict[str, list[dict[str, str]]] = {}
    for grant in user.mongo:
        for action in grant.actions:
            place = {"database_name": database, "collection_name": grant.collection}
            actions.setdefault(action.upper(), []).append(place)
    return {
        "project_id": "${var.mongodbatlas_project_id}",
        "role_name": user.user,
        "actions": [{"action": action, "resources": places} for action, places in actions.items()],
        "inherited_roles": [{"role_name": role, "database_name": database} for role in user.mongo_roles],
    }


def _policy(user: Access) -> dict[str, str]:
    return {"name": user.user, "policy": json.dumps(policy_document(user))}


def policy_document(user: Access) -> dict[str, Any]:
    """The policy as AWS reads it."""
    statements = [
        {"Effect": "Allow", "Action": list(grant.actions), "Resource": list(grant.resources)} for grant in user.aws
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def strimzi(table: Iterable[Access], cluster: str) -> str:
    """A `KafkaUser` for each, with SCRAM-SHA-512; its password is in a Secret of the same name."""
    return "---\n".join(_kafka_user(user, cluster) for user in table if user.kafka)


def _kafka_user(user: Access, cluster: str) -> str:
    acls = "".join(f"      - {json.dumps(_strimzi_acl(grant))}\n" for grant in user.kafka)
    return f"""\
apiVersion: kafka.strimzi.io/v1beta2
kind: KafkaUser
metadata:
  name: {user.user}
  labels:
    strimzi.io/cluster: {cluster}
spec:
  authentication:
    type: scram-sha-512
  authorization:
    type: simple
    acls:
{acls}"""


def _strimzi_acl(grant: KafkaGrant) -> dict[str, Any]:
    resource: dict[str, str] = {"type": STRIMZI_TYPES.get(grant.resource, grant.resource)}
    if grant.resource != "cluster":
        pattern = "prefix" if grant.pattern == "prefixed" else "literal"
        resource |= {"name": grant.name, "patternType": pattern}
    return {"resource": resource, "operations": list(grant.operations), "host": "*"}


def _name(text: str) -> str:
    return NOT_IN_NAMES.sub("_", text.lower()).strip("_")
