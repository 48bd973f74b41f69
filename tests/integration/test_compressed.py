"""Compressed records, of every codec and several clients, through every role and command that reads them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from consumers.expirer.assigns_watermark import open_assigns_watermark
from consumers.loop.batches import LenientBatch
from ops.broker.client import client_options
from ops.settings.load import Settings
from schemas.groups import WORKER_GROUP
from schemas.topics import ASSIGN, DEAD_LETTERS, IMPORT, INVENTORY, RELEASE, RESERVE, RESULTS
from stores.mongo.connection import Database
from tests.fakes.stocking import put_holds
from tests.integration.commanding import Codes
from tests.integration.compressing import CODECS, SENDERS, by_aiokafka
from tests.integration.conftest import PutCodes
from tests.integration.corrupting import send_with_tail
from tests.integration.importing import Files, ends
from tests.integration.requesting import headers_of
from tests.integration.running import Neighbour, running
from tests.integration.watching import an_event, until_true, watching

pytestmark = pytest.mark.integration

IN_A_BATCH = 150
PAD = "x" * 1_000
"""An unknown field, which is ignored: a batch shall have more than 64 KiB, uncompressed."""


def a_request(number: int, who: str) -> dict[str, Any]:
    fan_id = f"fan-{number}"
    return {"request_id": f"{who}-{number}", "campaign_id": "sale", "fan_id": fan_id, "pad": PAD}


def requests_of(who: str) -> Iterator[str]:
    return (json.dumps(a_request(number, who)) for number in range(IN_A_BATCH))


@pytest.mark.parametrize(
    "sender", [pytest.param(name, marks=pytest.mark.long if name == "java" else ()) for name in SENDERS]
)
async def test_a_worker_and_the_commands_read_every_codec(
    sender: str,
    environment: dict[str, str],
    migrated: Settings,
    neighbour: Neighbour,
    stocked: PutCodes,
    tmp_path: Path,
) -> None:
    """Each request is answered once; `tail` shows them, and `audit` finds each of them answered."""
    await stocked("sale", IN_A_BATCH * len(CODECS))
    topic = neighbour.topics.full(RESERVE)
    for codec in CODECS:
        await SENDERS[sender](migrated.kafka.bootstrap_servers, topic, codec, list(requests_of(codec)))
    asked = {f"{codec}-{number}" for codec in CODECS for number in range(IN_A_BATCH)}
    async with running("worker", environment, tmp_path / "worker.log"):
        results = await neighbour.values(RESULTS, len(asked), settle_s=0.5, timeout_s=60)

    assert sorted(asked) == sorted(result["request_id"] for result in results)
    assert {"reserved"} == {result["outcome"] for result in results}
    codes = Codes(environment)
    shown = await codes("tail", RESERVE.name, "--no-follow", "--from-beginning", "--json")
    assert asked == {json.loads(line)["value"]["request_id"] for line in shown.out.splitlines()}, shown.err
    audited = await codes("audit")
    assert {"requests": str(len(asked)), "results": str(len(asked))}.items() <= dict(
        line.split(maxsplit=1) for line in audited.out.splitlines()
    ).items()
    findings = [line.split()[1] for line in (audited.out + audited.err).splitlines() if line.startswith("codes: ")]
    assert {"drift:"} == set(findings), "the stock was put there by hand, and no import tells of it"
    assert 1 == audited.code


async def test_an_importer_reads_every_codec(
    environment: dict[str, str], migrated: Settings, neighbour: Neighbour, files: Files, tmp_path: Path
) -> None:
    """Each command is taken to its end."""
    files.put("codes.csv", b"code\nA-1\n")
    for codec in CODECS:
        command = {**files.command("codes.csv", f"import-{codec}"), "pad": PAD}
        servers = migrated.kafka.bootstrap_servers
        await by_aiokafka(servers, neighbour.topics.full(IMPORT), codec, [json.dumps(command)])
    async with running("importer", environment, tmp_path / "importer.log"):
        found = await ends(neighbour, len(CODECS))

    assert {f"import-{codec}": "completed" for codec in CODECS} == {end["import_id"]: end["state"] for end in found}


@pytest.mark.parametrize("codec", CODECS)
async def test_an_expirer_looks_at_assigns_of_every_codec(
    codec: str,
    environment: dict[str, str],
    migrated: Settings,
    neighbour: Neighbour,
    db: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The records are read, not skipped. They stay undecided, yet releases of earlier overdue holds are requested."""

    def unreadable(_: LenientBatch, error: str) -> None:
        raise AssertionError(error)

    monkeypatch.setattr(LenientBatch, "_unreadable", unreadable)
    began = datetime.now(UTC) - timedelta(hours=1)
    await put_holds(db, "sale", 3, began)
    servers, topic = migrated.kafka.bootstrap_servers, neighbour.topics.full(ASSIGN)
    await by_aiokafka(servers, topic, codec, list(requests_of(codec)))
    workers = migrated.kafka.group_prefix + WORKER_GROUP
    async with open_assigns_watermark(client_options(migrated.kafka), topic, workers) as watermark:
        undecided = await watermark.undecided_since()
    assert undecided is not None
    assert began < undecided
    async with running("expirer", environment, tmp_path / "expirer.log"):
        asked = await neighbour.values(RELEASE, 3)

    assert {"sale-0", "sale-1", "sale-2"} == {release["reservation_id"] for release in asked}


async def test_the_inventory_reads_every_codec(
    environment: dict[str, str], migrated: Settings, neighbour: Neighbour, tmp_path: Path
) -> None:
    """As where an operator sets the topic's `compression.type`."""
    async with watching(environment, tmp_path / "inventory.log") as watcher:
        for codec in CODECS:
            event = an_event(f"sale-{codec}", 1, 7).model_dump_json()
            padded = json.dumps({**json.loads(event), "pad": PAD})
            servers, topic = migrated.kafka.bootstrap_servers, neighbour.topics.full(INVENTORY)
            await by_aiokafka(servers, topic, codec, [padded])
        await until_true(watcher, {f"sale-{codec}": (7, 0, 0) for codec in CODECS})


@pytest.mark.parametrize("codec", ["gzip", "lz4"])
async def test_a_batch_that_cannot_be_read_is_one_dead_letter(
    codec: str,
    environment: dict[str, str],
    migrated: Settings,
    neighbour: Neighbour,
    stocked: PutCodes,
    tmp_path: Path,
) -> None:
    """The broker keeps it, for Java does not look behind the stream's end. A crash doubles nothing."""
    await stocked("sale", 10)
    servers, topic = migrated.kafka.bootstrap_servers, neighbour.topics.full(RESERVE)
    for_broken = [a_request(number, "broken") for number in range(3)]
    await neighbour.send(RESERVE, a_request(0, "before"), partition=0)
    first = await send_with_tail(servers, topic, codec, for_broken)
    await neighbour.send(RESERVE, a_request(0, "after"), partition=0)
    async with running("worker", environment, tmp_path / "dies.log", CODES_FAILPOINT="after_apply:kill") as dies:
        await dies.ended()
    async with running("worker", environment, tmp_path / "worker.log") as worker:
        results = await neighbour.values(RESULTS, 2, settle_s=1.0, timeout_s=60)
        letters = await neighbour.records(DEAD_LETTERS, 1, settle_s=1.0)
        _, metrics = await worker.get("/metrics")

    assert ["before-0", "after-0"] == [result["request_id"] for result in results]
    [letter] = letters
    said = headers_of(letter)
    assert (b"unprocessable", b"%d" % first) == (said["dlq-reason"], said["dlq-offset"])
    assert said["dlq-detail"].startswith(
        b"offsets %d to %d cannot be read: %s, " % (first, first + 2, codec.encode())
    )
    assert first == int.from_bytes(letter.value[:8], "big"), "the batch as the broker keeps it"
    assert 'reason="unprocessable"' in metrics


async def test_a_command_batch_that_cannot_be_read_is_one_dead_letter(
    environment: dict[str, str], migrated: Settings, neighbour: Neighbour, files: Files, tmp_path: Path
) -> None:
    """The commands behind it are served; `tail` steps over it."""
    files.put("codes.csv", b"code\nA-1\n")
    command = files.command("codes.csv")
    broken = [{**files.command("codes.csv", f"b{number}"), "pad": PAD} for number in range(2)]
    topic = neighbour.topics.full(IMPORT)
    await send_with_tail(migrated.kafka.bootstrap_servers, topic, "lz4", broken)
    await neighbour.send(IMPORT, orjson.dumps(command), partition=0)
    async with running("importer", environment, tmp_path / "importer.log"):
        [end] = await ends(neighbour, 1)
        [letter] = await neighbour.records(DEAD_LETTERS, 1)
    shown = await Codes(environment)("tail", IMPORT.name, "--no-follow", "--from-beginning", "--json")

    assert ("completed", command["request_id"]) == (end["state"], end["import_id"])
    assert b"unprocessable" == headers_of(letter)["dlq-reason"]
    assert 2 == len(shown.out.splitlines()), shown.err


async def test_an_expirer_steps_over_assigns_that_cannot_be_read(
    environment: dict[str, str], migrated: Settings, neighbour: Neighbour, db: Database, tmp_path: Path
) -> None:
    """Their time holds back what ended after it, not what ended before."""
    await put_holds(db, "sale", 3, datetime.now(UTC) - timedelta(hours=1))
    assigns = [a_request(number, "broken") for number in range(3)]
    await send_with_tail(migrated.kafka.bootstrap_servers, neighbour.topics.full(ASSIGN), "gzip", assigns)
    async with running("expirer", environment, tmp_path / "expirer.log"):
        asked = await neighbour.values(RELEASE, 3)

    assert {"sale-0", "sale-1", "sale-2"} == {release["reservation_id"] for release in asked}
