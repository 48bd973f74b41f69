"""Applies what `codes acl` prints: Kafka's commands to a broker, roles to a mongod.

Out: `grant_kafka`, `grant_mongo`.
"""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest

from tests.secured.mongod import Database

RESOURCES: Final = {"--topic": 2, "--group": 3, "--cluster": 4, "--transactional-id": 5}
PATTERNS: Final = {"literal": 3, "prefixed": 4}
OPERATIONS: Final = {
    "Read": 3,
    "Write": 4,
    "Create": 5,
    "Alter": 7,
    "Describe": 8,
    "DescribeConfigs": 10,
    "AlterConfigs": 11,
}
ALLOW: Final = 3
Rule = tuple[int, str, int, str, str, int, int]


async def grant_kafka(servers: str, commands: str) -> int:
    """Run the script's commands against a broker, as `kafka-acls.sh` would; returns their number."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    lines = [line for line in commands.splitlines() if line.startswith("acl --allow-principal")]
    try:
        for rule in [rule for line in lines for rule in rules_of(line)]:
            answer = await admin._send_request(CreateAclsRequest(*rule))
            assert [0] == [code for code, _ in answer.creation_responses], answer
    finally:
        await admin.close()
    return len(lines)


def rules_of(line: str) -> Iterator[Rule]:
    """The rules that one command adds, one for each operation."""
    words = iter(shlex.split(line)[1:])
    principal, pattern, resource, name, operations = "", "literal", 0, "kafka-cluster", []
    for word in words:
        if word == "--allow-principal":
            principal = next(words)
        elif word == "--operation":
            operations.append(OPERATIONS[next(words)])
        elif word == "--resource-pattern-type":
            pattern = next(words)
        else:
            resource = RESOURCES[word]
            name = name if word == "--cluster" else next(words)
    for operation in operations:
        yield resource, name, PATTERNS[pattern], principal, "*", operation, ALLOW


def grant_mongo(database: Database, name: str, user: Mapping[str, Any]) -> None:
    """Create the user of `codes acl --json` with its own role, if it has any right on this database."""
    if not (user["mongo"] or user["mongo_roles"]):
        return
    privileges = [
        {"resource": {"db": name, "collection": grant["collection"]}, "actions": list(grant["actions"])}
        for grant in user["mongo"]
    ]
    inherited = [{"role": role, "db": name} for role in user["mongo_roles"]]
    database.admin[name].command("createRole", user["user"], privileges=privileges, roles=inherited)
    database.add_user(user["user"], [{"role": user["user"], "db": name}])
