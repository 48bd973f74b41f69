"""Invalid requests are not sent, and secrets are not shown."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from cli.jobs.showing import counts
from cli.jobs.tailing import Selection, as_json, full_name, reason_headers, timestamp
from cli.main import app
from ops.publishing import default_key
from schemas.documents import InventoryDocument
from schemas.records import Headers, IncomingRecord
from schemas.requests import ImportCommand
from tests.fakes.builders import a_release, a_reserve, a_shard


def a_record(value: bytes | None, *, key: bytes | None = b"k", headers: Headers = ()) -> IncomingRecord:
    return IncomingRecord("t.assigned.v1", 0, 7, 1_795_485_600_000, key, value, headers)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("reserve", "--campaign", "a b", "--fan", "f"), "--campaign (campaign_id): "),
        (("reserve", "--campaign", "c", "--fan", "f", "--quantity", "101"), "--quantity (quantity): "),
        (("reserve", "--campaign", "c", "--fan", "f", "--ttl-s", "0"), "--ttl-s (ttl_s): "),
        (("reserve", "--campaign", "c", "--fan", "f", "--type", "x"), "--type (code_type): "),
        (("reserve", "--campaign", "c", "--fan", "f", "--request-id", "expire:x:1"), "--request-id (request_id): "),
        (
            ("assign", "--campaign", "c", "--fan", "f", "--reservation", "r", "--quantity", "1"),
            "omit them with --reservation",
        ),
        (("release", "--campaign", "c", "--reservation", "r", "--reason", "x"), "--reason (reason): "),
        (
            ("import", "bucket/key", "--campaign", "c"),
            "there is no file bucket/key; specify a file, or the object as s3://bucket/key",
        ),
        (("import", "s3://b-1/", "--campaign", "c"), "--object-key (key): "),
        (("import", "s3://b-1/k", "--bucket", "b-1", "--campaign", "c"), "specify a file, or the object"),
        (("import", "--bucket", "b-1", "--campaign", "c"), "specify a file, or the object"),
    ],
)
def test_an_invalid_value_is_reported_on_one_line(arguments: tuple[str, ...], message: str) -> None:
    """Exit code 2, before any connection is opened."""
    ended = CliRunner().invoke(app, ["publish", *arguments])

    assert (2, "") == (ended.exit_code, ended.stdout)
    assert message in ended.stderr
    assert 1 == len(ended.stderr.splitlines())


def test_a_code_must_be_specified_in_exactly_one_way() -> None:
    """By its id, or by its value, which is never an argument."""
    for arguments in (["show", "code"], ["show", "code", "i", "--campaign", "c"], ["show", "code", "--value", "v"]):
        ended = CliRunner().invoke(app, arguments)

        assert (2, "codes: specify the code by its id, or by --value, which asks for the value\n") == (
            ended.exit_code,
            ended.stderr,
        )


def test_the_default_key_is_the_fan() -> None:
    """So all requests of a fan are in one partition. The campaign is the key of imports only."""
    command = ImportCommand(request_id="i-1", campaign_id="spring", bucket="b-1", key="k")

    assert "fan-1" == default_key(a_reserve())
    assert "fan-2" == default_key(a_release(fan_id="fan-2"))
    assert "r-1" == default_key(a_release())
    assert "spring" == default_key(command)


def test_a_codes_value_is_masked_unless_it_is_revealed() -> None:
    """All other parts of the record are shown."""
    record = a_record(b'{"code":"SECRET","code_id":"c-1"}', headers=(("h", b"v"), ("empty", None)))

    masked, revealed = as_json(record, reveal=False), as_json(record, reveal=True)

    assert {"code": "***", "code_id": "c-1"} == masked["value"]
    assert {"code": "SECRET", "code_id": "c-1"} == revealed["value"]
    assert {"h": "v", "empty": None} == masked["headers"]
    assert ("t.assigned.v1", 0, 7, "k") == (masked["topic"], masked["partition"], masked["offset"], masked["key"])
    assert "2026-11-24T02:00:00.000Z" == masked["at"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, {"value": None}),
        (b"not json", {"value": "not json"}),
        (b"[1]", {"value": "[1]"}),
        (b"\xff\xfe", {"value_base64": "//4="}),
    ],
)
def test_a_value_that_is_not_an_object_is_shown_unchanged(value: bytes | None, shown: dict[str, Any]) -> None:
    """Text as text, other bytes as base64."""
    fields = as_json(a_record(value), reveal=False)

    assert shown == {name: fields[name] for name in fields if name.startswith("value")}


def test_only_selected_records_are_shown() -> None:
    """By key and by campaign; if both are given, both must match."""
    record = a_record(orjson.dumps({"campaign_id": "spring"}))

    assert Selection("t").includes(record)
    assert Selection("t", key="k", campaign_id="spring").includes(record)
    assert not Selection("t", key="other").includes(record)
    assert not Selection("t", key="k", campaign_id="autumn").includes(record)
    assert not Selection("t", campaign_id="spring").includes(a_record(b"not json"))


@pytest.mark.parametrize(
    ("timestamp_ms", "shown"), [(-1, "1970-01-01T00:00:00.000Z"), (10**15, "9999-12-31T23:59:59.999Z")]
)
def test_a_timestamp_out_of_range_is_shown_as_the_nearest_date(timestamp_ms: int, shown: str) -> None:
    """On a topic without LogAppendTime a sender can write any number."""
    record = replace(a_record(b"x"), timestamp_ms=timestamp_ms)

    assert shown == timestamp(record)


def test_a_short_name_is_a_topic_of_the_contract() -> None:
    """Any other name is a full name already."""
    assert "t.results.v1" == full_name("results.v1", "t.")
    assert "t.results.v1" == full_name("t.results.v1", "t.")
    assert "others" == full_name("others", "t.")


def test_a_dead_letters_reason_is_shown() -> None:
    """It is in the headers; the sender's headers are left out."""
    letter = a_record(b"x", headers=(("mine", b"1"), ("dlq-reason", b"not_json"), ("ce_id", b"2")))

    assert {"dlq-reason": "not_json"} == reason_headers(letter)


def test_a_campaigns_counts_are_the_sums_of_its_shards() -> None:
    """A single shard may be negative; each code type has one row, which can be written as JSON."""
    shards: list[InventoryDocument] = [
        a_shard(available=10, reserved=0, assigned=0),
        a_shard(available=-4, reserved=3, assigned=1),
        a_shard(code_type="external", available=2, reserved=0, assigned=0),
    ]

    rows = orjson.loads(orjson.dumps(counts(shards)))

    assert [
        {"code_type": "external", "available": 2, "reserved": 0, "assigned": 0, "total": 2},
        {"code_type": "tm", "available": 6, "reserved": 3, "assigned": 1, "total": 10},
    ] == rows


@pytest.mark.parametrize("reveal", [True, False])
def test_a_token_is_never_shown(reveal: bool) -> None:
    """Not even with the values of codes: its reader could send requests with it."""
    shown = as_json(a_record(b"{}", headers=(("authorization", b"Bearer x"), ("note", b"y"))), reveal=reveal)

    assert {"authorization": "***", "note": "y"} == shown["headers"]
