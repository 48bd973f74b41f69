"""`codes dead-letters` on a real Kafka: each record is sent again once, whoever replays it, whatever is killed."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from aiokafka.errors import ProducerFenced

from consumers.decode import SizeLimits, decode_request
from consumers.loop.partition import as_incoming
from ops.broker.client import client_options
from ops.letters.edits import Edits
from ops.letters.letter import letter_of
from ops.letters.verdict import Judge, Send
from ops.settings.load import Settings
from producers.emitters import transactional_producer
from producers.envelope import dead_letter_record
from producers.sending import deliver
from schemas.records import IncomingRecord, Rejected
from schemas.topics import DEAD_LETTERS, RESERVE, RESULTS, Topics
from tests.integration.commanding import Codes
from tests.integration.conftest import PutCodes
from tests.integration.requesting import headers_of, reserve
from tests.integration.running import Neighbour, running

pytestmark = pytest.mark.integration

SECRET: Final = "SPRING-9"
FIX: Final = ("--set", "quantity=1")
IDS: Final = tuple(f"r-{number:02}" for number in range(12))
RATE: Final = 2
"""Per second: also how many records are sent at once."""


def unreadable(request_id: str) -> dict[str, Any]:
    """A reserve with a quantity that is text, and a secret where nobody expects one."""
    return reserve(request_id, quantity="1", note=SECRET)


async def put_letters(neighbour: Neighbour, request_ids: Sequence[str]) -> list[Any]:
    """Dead letters of unreadable reserves, as a worker writes them."""
    for offset, request_id in enumerate(request_ids):
        value = orjson.dumps(unreadable(request_id))
        record = IncomingRecord(neighbour.topics.full(RESERVE), 0, offset, 1_795_485_600_000, b"key", value, ())
        limits = SizeLimits(65_536, 4_096, 16_384)
        rejected = decode_request(record, RESERVE.name, limits)
        assert isinstance(rejected, Rejected)
        letter = dead_letter_record(rejected, group="worker", at=datetime.now(UTC), topics=neighbour.topics)
        headers = [(name, content or b"") for name, content in letter.headers]
        await neighbour.send(DEAD_LETTERS, letter.value, key=letter.key, headers=headers, partition=1)
    return await neighbour.records(DEAD_LETTERS, len(request_ids))


async def replayed(neighbour: Neighbour, count: int) -> list[str]:
    """The ids of the requests that were sent again, after a moment for more of them."""
    return [value["request_id"] for value in await neighbour.values(RESERVE, count, settle_s=1.0)]


async def test_a_rejected_record_is_found_corrected_and_answered(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """By the worker that rejected it; a second replay sends nothing."""
    codes = Codes(environment)
    await stocked("sale", 5)
    async with running("worker", environment, tmp_path / "worker.log"):
        await neighbour.send(RESERVE, unreadable("r-1"), key=b"k", headers=[("note", SECRET.encode())], partition=1)
        [letter] = await neighbour.records(DEAD_LETTERS, 1)
        address = f"{letter.partition}@{letter.offset}"
        listed = await codes("dead-letters", "list", "--json", "--reason", "invalid", "--since", "1h")
        dry = await codes("dead-letters", "replay", *FIX, "--json")
        sent = await codes("dead-letters", "replay", *FIX, "--send", "--json")
        again = await codes("dead-letters", "replay", address, *FIX, "--send", "--json")
        results = {value["outcome"]: value for value in await neighbour.values(RESULTS, 2, settle_s=0.5)}
    summary = await codes("dead-letters", "list", "--summary", "--json")
    rejected, corrected = await neighbour.records(RESERVE, 2)

    assert (address, "quantity", False) == (listed.json["letter"], listed.json["fields"], listed.json["replayed"])
    assert (1, 0, True) == (dry.json["would_send"], dry.json["sent"], dry.json["dry_run"])
    assert (1, 0, False) == (sent.json["sent"], sent.json["left_out"], sent.json["dry_run"])
    assert (0, 1) == (again.json["sent"], again.json["already_replayed"])
    assert {"refused", "reserved"} == set(results)
    assert "r-1" == results["reserved"]["request_id"] == results["refused"]["request_id"]
    assert (rejected.partition, rejected.key) == (corrected.partition, corrected.key)
    assert {"note": SECRET.encode(), "replayed-from": f"dead-letters.v1/{address}".encode()} == headers_of(corrected)
    assert {"letters": 1, "waiting": 0, "replayed": 1, "reasons": {"invalid": 1}} == {
        name: summary.json[name] for name in ("letters", "waiting", "replayed", "reasons")
    }


async def test_contents_are_shown_only_on_request(environment: dict[str, str], neighbour: Neighbour) -> None:
    """In no table, no object and no error; only `show --reveal` has them."""
    codes = Codes(environment)
    [letter] = await put_letters(neighbour, ["r-1"])
    address = f"{letter.partition}@{letter.offset}"
    masked = [
        await codes("dead-letters", *words, *more)
        for words in (("list",), ("list", "--summary"), ("show", address), ("replay",), ("replay", "--unset", "x"))
        for more in ((), ("--json",))
    ]
    revealed = await codes("dead-letters", "show", address, "--reveal", "--json")

    assert [] == [ended for ended in masked if SECRET in ended.out + ended.err]
    assert {0} == {ended.code for ended in masked}
    assert SECRET == revealed.json["value"]["note"]


async def test_what_cannot_be_replayed_is_said(environment: dict[str, str], neighbour: Neighbour) -> None:
    """A record that would be rejected again, and a position where there is nothing."""
    codes = Codes(environment)
    [letter] = await put_letters(neighbour, ["r-1"])
    address = f"{letter.partition}@{letter.offset}"

    unchanged = await codes("dead-letters", "replay", address, "--send", "--json")
    nothing = await codes("dead-letters", "show", "1@999")
    too_far = await codes("dead-letters", "replay", "0@0", "--send")

    assert (1, 0, 1) == (unchanged.code, unchanged.json["sent"], unchanged.json["left_out"])
    assert "still unreadable, invalid: quantity" in unchanged.json["letters"][0]["why"]
    assert (1, "codes: there is no dead letter at 1@999\n") == (nothing.code, nothing.err)
    assert (1, True) == (too_far.code, too_far.err.endswith("there is no dead letter at 0@0\n"))
    assert [] == await neighbour.records(RESERVE, 0, settle_s=0.5)


async def test_one_record_is_corrected_by_a_file(
    environment: dict[str, str], neighbour: Neighbour, tmp_path: Path
) -> None:
    """The dead letter's own fields are replaced as a whole."""
    codes, file = Codes(environment), tmp_path / "new.json"
    file.write_bytes(orjson.dumps(reserve("r-2")))
    await put_letters(neighbour, ["r-1"])

    ended = await codes("dead-letters", "replay", "1@0", "--edit", str(file), "--send")

    assert 0 == ended.code, ended.err
    assert ["r-2"] == await replayed(neighbour, 1)


async def test_a_replay_that_is_killed_is_run_again_for_the_rest(
    environment: dict[str, str], neighbour: Neighbour
) -> None:
    """SIGKILL while it sends: what it sent is remembered."""
    before, rest, after = await killed_and_run_again(Codes(environment), neighbour)

    assert 4 <= len(before) < len(IDS)
    assert len(IDS) == rest["sent"] + rest["already_replayed"]
    assert list(IDS) == after


async def test_without_transactions_a_kill_loses_no_record(environment: dict[str, str], neighbour: Neighbour) -> None:
    """The records of the batch in progress may be sent again: the ledger answers their requests once."""
    codes = Codes({**environment, "CODES_PROCESSING_GUARANTEE": "at_least_once"})

    before, rest, after = await killed_and_run_again(codes, neighbour)

    assert 4 <= len(before) < len(IDS)
    assert len(IDS) == rest["sent"] + rest["already_replayed"]
    assert list(IDS) == sorted(set(after))
    assert len(IDS) <= len(after) <= len(IDS) + RATE


async def killed_and_run_again(codes: Codes, neighbour: Neighbour) -> tuple[list[str], dict[str, Any], list[str]]:
    """The requests sent again before the kill, what the next run printed, and the requests sent by both."""
    await put_letters(neighbour, IDS)
    killed = await codes.start("dead-letters", "replay", *FIX, "--rate", f"{RATE}", "--send")
    before = await replayed(neighbour, 4)
    killed.kill()
    await killed.communicate()
    rest = await codes("dead-letters", "replay", *FIX, "--send", "--json")
    return before, rest.json, await replayed(neighbour, len(IDS))


async def test_a_kill_between_a_record_and_its_note_leaves_neither(
    environment: dict[str, str], migrated: Settings, neighbour: Neighbour
) -> None:
    """They are in one transaction: the next replay ends it, and sends the record."""
    letters = await put_letters(neighbour, ["r-1"])
    item = to_send(letters[0], migrated)
    timeout_ms = migrated.kafka.transaction_timeout_ms
    transactional_id = f"{migrated.kafka.group_prefix}dead-letters.replay"

    async with transactional_producer(client_options(migrated.kafka), transactional_id, timeout_ms) as killed:
        await killed.begin_transaction()
        await deliver(killed, [item.record, item.note], 10)
        ended = await Codes(environment)("dead-letters", "replay", *FIX, "--send", "--json")
        with pytest.raises(ProducerFenced):
            await killed.commit_transaction()

    assert 1 == ended.json["sent"]
    assert ["r-1"] == await replayed(neighbour, 1)


def to_send(letter: Any, settings: Settings) -> Send:
    """What a replay sends for a dead letter."""
    record, limits = as_incoming(letter), SizeLimits.of(settings.worker)
    judge = Judge(Topics(settings.topics.prefix), limits, Edits(assigned={"quantity": 1}), datetime.now(UTC))
    found = judge.verdict(letter_of(record), is_replayed=False)
    assert isinstance(found, Send)
    return found


async def test_of_two_replays_the_later_one_takes_over(environment: dict[str, str], neighbour: Neighbour) -> None:
    """The earlier one ends with one line; together they send each record once."""
    codes = Codes(environment)
    await put_letters(neighbour, IDS)

    first = await codes.start("dead-letters", "replay", *FIX, "--rate", f"{RATE}", "--send")
    await replayed(neighbour, 3)
    second = await codes("dead-letters", "replay", *FIX, "--send", "--json")
    _, err = await asyncio.wait_for(first.communicate(), 30)

    assert 1 == first.returncode
    assert b"another replay has started" in err
    assert b"records were sent, and are remembered" in err
    assert 0 < second.json["sent"] < len(IDS)
    assert list(IDS) == await replayed(neighbour, len(IDS))


async def test_two_dead_letters_of_one_record_are_replayed_once(
    environment: dict[str, str], neighbour: Neighbour
) -> None:
    """With `at_least_once` a worker may write a dead letter twice."""
    [letter] = await put_letters(neighbour, ["r-1"])
    await neighbour.send(DEAD_LETTERS, letter.value, key=letter.key, headers=list(letter.headers), partition=0)
    await neighbour.records(DEAD_LETTERS, 2)

    ended = await Codes(environment)("dead-letters", "replay", *FIX, "--send", "--json")

    assert (2, 1, 1) == (ended.json["selected"], ended.json["sent"], ended.json["already_replayed"])
    assert ["r-1"] == await replayed(neighbour, 1)


async def test_without_kafka_each_command_ends_with_one_line(environment: dict[str, str]) -> None:
    """Exit code 3, within the time that was given and what a connection takes."""
    codes = Codes({**environment, "CODES_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1"})

    ended = await asyncio.gather(
        *(
            codes("dead-letters", *words, "--timeout-s", "1")
            for words in (("list",), ("show", "0@0"), ("replay",), ("replay", "--send"))
        )
    )

    assert [3] * 4 == [found.code for found in ended]
    assert all("Kafka" in found.err and "Traceback" not in found.err for found in ended)
