"""`codes acl` prints the rights of everybody, for people and for programs."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from ops.settings.load import load_settings
from schemas.topics import ALL_TOPICS, IMPORT, REQUEST_TOPICS
from stores.mongo.specs import collections
from tests.places import ROOT

DOCS = ROOT / "docs" / "access.md"


def printed(*arguments: str) -> str:
    ended = CliRunner().invoke(app, ["acl", *arguments])
    assert 0 == ended.exit_code, ended.output
    return ended.stdout


def users(**environment: str) -> dict[str, dict[str, Any]]:
    ended = CliRunner().invoke(app, ["acl", "--json"], env=environment)
    return {user["name"]: user for user in json.loads(ended.stdout)}


def grants(user: dict[str, Any]) -> set[tuple[str, str]]:
    """Operations of a user, by topic."""
    return {(operation, grant["name"]) for grant in user["kafka"] for operation in grant["operations"]}


def test_the_document_is_what_the_command_prints() -> None:
    """For the default settings."""
    assert DOCS.read_text() == printed()


def test_code_values_are_read_by_those_who_need_them() -> None:
    """The program that sends them to fans, and who audits."""
    readers = {name for name, user in users().items() if ("Read", "codes.assigned.v1") in grants(user)}

    assert {"reader", "audit"} == readers


def test_a_reader_writes_nothing_and_the_inventory_has_no_database() -> None:
    """The two promises that other teams ask about."""
    found = users()

    assert {"Read"} == {operation for operation, _ in grants(found["reader"])}
    assert ([], []) == (found["inventory"]["mongo"], found["inventory"]["mongo_roles"])
    assert ["importer", "exporter", "archivist"] == [name for name, user in found.items() if user["aws"]]


def test_each_topic_and_collection_is_used_by_somebody() -> None:
    """A new one must be granted to a role, or to who removes campaigns or erases fans, or nobody could use it."""
    names = {"worker", "importer", "expirer", "inventory", "archivist", "eraser"}
    granted = [user for name, user in users().items() if name in names]
    topics = {name for user in granted for _, name in grants(user)}
    used = {grant["collection"] for user in granted for grant in user["mongo"]}

    assert {f"codes.{topic.name}" for topic in ALL_TOPICS} <= topics
    assert {spec.name for spec in collections(load_settings({}).mongo.ledger_days)} == used


def test_a_replayer_writes_input_topics_and_reads_dead_letters_only() -> None:
    """It sees no request that was served, no result and no code; it needs no database."""
    replayer = users()["replayer"]
    noted = "codes.dead-letters-replayed.v1"
    inputs = [f"codes.{topic.name}" for topic in (*REQUEST_TOPICS, IMPORT)]

    read, written = (
        {name for operation, name in grants(replayer) if operation == wanted} for wanted in ("Read", "Write")
    )
    assert ({"codes.dead-letters.v1", noted}, {noted, *inputs, "codes-dead-letters."}) == (read, written)
    assert ([], []) == (replayer["mongo"], replayer["aws"])


def test_actions_give_the_inventory_no_more_than_they_need() -> None:
    """By default nothing; then commands of imports; replays and files each by a setting of their own."""
    uri = {"CODES_ACTIONS__URI": "mongodb://db.example"}
    off, on = users()["inventory"], users(**uri)["inventory"]
    all_on = users(**uri, CODES_ACTIONS__REPLAY="true", CODES_ACTIONS__S3="true")["inventory"]
    inputs = {("Write", f"codes.{topic.name}") for topic in REQUEST_TOPICS}
    notes = {(operation, "codes.dead-letters-replayed.v1") for operation in ("Read", "Write")}
    transactions = {(operation, "codes-dead-letters.") for operation in ("Write", "Describe")}

    assert {("Write", f"codes.{IMPORT.name}")} == grants(on) - grants(off)
    assert inputs | notes | transactions == grants(all_on) - grants(on)
    assert ([], [["arn:aws:s3:::*/*.rejects.csv"], ["arn:aws:s3:::*/uploads/*"]]) == (
        on["aws"],
        [grant["resources"] for grant in all_on["aws"]],
    )
    assert {"imports", "cancellations", "campaigns", "inventory", "audit_records"} == {
        grant["collection"] for grant in users()["operator"]["mongo"]
    }


def test_names_follow_the_settings() -> None:
    """Prefixes, reply topics, buckets and the KMS key."""
    key = "arn:aws:kms:eu-central-1:111122223333:key/1"
    found = users(
        CODES_TOPICS__PREFIX="shop.",
        CODES_KAFKA__GROUP_PREFIX="shop-",
        CODES_TOPICS__REPLY_ALLOWED='["answers"]',
        CODES_S3__ALLOWED_BUCKETS='["codes-in"]',
        CODES_S3__SSE="aws:kms",
        CODES_S3__KMS_KEY_ID=key,
    )

    assert "shop-worker" == found["worker"]["user"]
    assert {("Read", "shop.reserve.requests.v1"), ("Write", "answers")} < grants(found["worker"])
    bucket = "arn:aws:s3:::codes-in"
    resources = [resource for grant in found["importer"]["aws"] for resource in grant["resources"]]
    assert [bucket, f"{bucket}/*", f"{bucket}/*.rejects.csv", key] == resources


@pytest.mark.parametrize(
    ("format_", "line"),
    [
        ("kafka", "acl --allow-principal User:codes-reader --operation Read --topic codes.assigned.v1"),
        ("strimzi", "  name: codes-reader"),
    ],
)
def test_what_programs_apply(format_: str, line: str) -> None:
    """Each user is in it."""
    assert line in printed("--format", format_).splitlines()


def test_terraform_has_all_three() -> None:
    """Rights in Kafka, roles of MongoDB without the inventory's, and the importer's policy."""
    resources = json.loads(printed("--format", "terraform"))["resource"]

    acl = resources["kafka_acl"]["codes_reader_read_topic_codes_assigned_v1"]
    assert ("User:codes-reader", "Read", "Allow") == (
        acl["acl_principal"],
        acl["acl_operation"],
        acl["acl_permission_type"],
    )
    assert "codes_worker" in resources["mongodbatlas_custom_db_role"]
    assert "codes_inventory" not in resources["mongodbatlas_custom_db_role"]
    policy = json.loads(resources["aws_iam_policy"]["codes_importer"]["policy"])
    assert ["s3:PutObject", "s3:AbortMultipartUpload"] == policy["Statement"][2]["Action"]
