"""`codes audit` on real parts: what retention removed, what waits, what is asked about, and Ctrl-C."""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from ops.exit_codes import Exit
from ops.settings.load import Settings
from schemas.topics import IMPORT, RESERVE, RESULTS
from tests.conftest import FEW_PARTITIONS
from tests.integration.commanding import COMMAND_LIMIT_S, Codes, Ended
from tests.integration.importing import Files, ends
from tests.integration.running import Neighbour, running

pytestmark = pytest.mark.integration

ASKED = 12
PREFIX = b"\0\0\0\0\x07"


def a_request(number: int) -> dict[str, Any]:
    """A fan's request for one code of the sale."""
    return {"request_id": f"r-{number}", "campaign_id": "sale", "fan_id": f"fan-{number}"}


@asynccontextmanager
async def a_sale(
    environment: Mapping[str, str], neighbour: Neighbour, files: Files, folder: Path, prefix: bytes = b""
) -> AsyncIterator[Codes]:
    """Twenty codes imported, twelve asked for and answered; the roles run inside. `prefix`: of every value."""
    codes = Codes(environment)
    files.put("sale.csv", b"".join(b"SALE-CODE-%06d\n" % number for number in range(20)))
    async with (
        running("importer", environment, folder / "importer.log"),
        running("worker", environment, folder / "worker.log") as worker,
    ):
        await worker.until_ready()
        await neighbour.send(IMPORT, prefix + orjson.dumps(files.command("sale.csv")), key=b"sale")
        assert ["completed"] == [event["state"] for event in await ends(neighbour, 1)]
        for number in range(ASKED):
            await neighbour.send(RESERVE, prefix + orjson.dumps(a_request(number)), key=str(number).encode())
        await neighbour.records(RESULTS, ASKED)
        yield codes


async def until_quiet(codes: Codes, *arguments: str) -> Ended:
    """The last offsets are committed a moment after the last answer."""
    for _ in range(20):
        ended = await codes("audit", *arguments)
        if "at work" not in ended.out:
            return ended
    pytest.fail(ended.out)


async def test_it_says_what_it_could_not_judge(
    environment: dict[str, str], migrated: Settings, neighbour: Neighbour, files: Files, tmp_path: Path
) -> None:
    """Sound is 0. With answers gone by retention, the last line says how many requests, and the exit code is 5.

    Requests and commands have the prefix of a schema registry here: roles and audit read them alike.
    """
    formats = {"CODES_REQUESTS__REGISTRY_FORMATS": '["json"]'}
    async with a_sale(environment | formats, neighbour, files, tmp_path, PREFIX) as codes:
        await in_a_transaction(migrated, neighbour.topics.full(RESERVE))
        await neighbour.records(RESULTS, ASKED + 1)
        sound = await until_quiet(codes)
        assert (Exit.OK, "") == (sound.code, sound.err)
        assert sound.out.splitlines()[-1].startswith("nothing lost, nothing doubled, no drift")

        await emptied(migrated, neighbour.topics.full(RESULTS))
        shortened = await codes("audit")
        other = await codes("audit", "--campaign", "nowhere", "--json")
        recent = await codes("audit", "--since", "1s", "--json")

    assert (Exit.NOT_JUDGED, "") == (shortened.code, shortened.err)
    last = shortened.out.splitlines()[-1]
    assert last.startswith(f"not judged: {ASKED + 1} requests, because results.v1 holds all records only since 20")
    assert "nothing lost" not in shortened.out
    assert (Exit.OK, 0) == (other.code, other.json["tally"]["requests"])
    assert (Exit.OK, 0) == (recent.code, recent.json["tally"]["results"])


@pytest.mark.long
async def test_what_waits_is_not_judged(
    environment: dict[str, str], neighbour: Neighbour, files: Files, tmp_path: Path
) -> None:
    """Such requests count neither as lost nor as sound; earlier requests are judged."""
    async with a_sale(environment, neighbour, files, tmp_path) as codes:
        await until_quiet(codes)
    await neighbour.send(RESERVE, a_request(99))

    all_ = await codes("audit")
    before = await codes("audit", "--until", "1h")

    assert (Exit.NOT_JUDGED, "") == (all_.code, all_.err)
    waiting = "not judged: 1 requests, because they waited for a worker or an importer when the audit began"
    assert all_.out.splitlines()[-1].startswith(waiting)
    assert (Exit.OK, "") == (before.code, before.err)


@pytest.mark.thorough
async def test_a_lost_answer_is_found_while_the_service_works(
    environment: dict[str, str], neighbour: Neighbour, files: Files, tmp_path: Path
) -> None:
    """Between requests that come and are answered, nothing else is found; only one campaign is asked about."""
    async with a_sale(environment, neighbour, files, tmp_path) as codes:
        sending = asyncio.create_task(send_on(neighbour))
        try:
            busy = await codes("audit", "--campaign", "sale", "--json")
            await neighbour.send(RESULTS, {**(await codes("show", "request", "r-1", "--json")).json})
            doubled = await codes("audit", "--campaign", "sale", "--json")
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    assert [] == busy.json["findings"]
    assert {"doubled"} <= {finding["kind"] for finding in doubled.json["findings"]}
    assert Exit.FAILED == doubled.code


async def send_on(neighbour: Neighbour) -> None:
    """Send some hundred requests a second; an audit takes longer with each of them."""
    number = 1_000
    while True:
        await neighbour.send(RESERVE, a_request(number), key=str(number).encode())
        number += 1
        await asyncio.sleep(0.005)


async def test_ctrl_c_leaves_nothing_behind(
    environment: dict[str, str], neighbour: Neighbour, tmp_path: Path
) -> None:
    """The file goes with the process."""
    codes = Codes({**environment, "TMPDIR": str(tmp_path)})
    process = await codes.start("audit")
    while not left_in(tmp_path):
        assert process.returncode is None
        await asyncio.sleep(0.001)
    process.send_signal(signal.SIGINT)
    await asyncio.wait_for(process.communicate(), COMMAND_LIMIT_S)

    assert 0 != process.returncode
    assert [] == left_in(tmp_path)


def left_in(folder: Path) -> list[str]:
    """The names of the files in a folder."""
    return [path.name for path in folder.iterdir()]


async def test_a_window_that_is_none_is_wrong_usage(environment: dict[str, str]) -> None:
    """The error is one line, before any record is read."""
    codes = Codes(environment)

    odd = await codes("audit", "--since", "soon")
    empty = await codes("audit", "--since", "1h", "--until", "2h")

    assert (Exit.USAGE, "codes: --since: expected RFC 3339 or a time ago, such as 2h\n") == (
        odd.code,
        odd.err,
    )
    assert (Exit.USAGE, "codes: --until: must be after --since\n") == (empty.code, empty.err)


async def in_a_transaction(settings: Settings, topic: str) -> None:
    """One request of a sender with transactions, whose marker stands behind it."""
    servers = settings.kafka.bootstrap_servers
    producer = AIOKafkaProducer(bootstrap_servers=servers, transactional_id=f"{topic}-sender")
    await producer.start()
    try:
        async with producer.transaction():
            await producer.send_and_wait(topic, orjson.dumps(a_request(500)))
    finally:
        await producer.stop()


async def emptied(settings: Settings, topic: str) -> None:
    """A topic as retention leaves it when everything is too old: its time is over at once."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap_servers)
    await admin.start()
    try:
        config = ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": "1"})
        await admin.alter_configs([config])
        await admin.delete_records(
            {TopicPartition(topic, number): RecordsToDelete(-1) for number in range(FEW_PARTITIONS)}
        )
    finally:
        await admin.close()
