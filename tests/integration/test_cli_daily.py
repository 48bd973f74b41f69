"""What is asked for daily: a fan, a file that is tried and imported, and whether all parts are well."""

import re
import signal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from cli.commands.rehearse import EXITS
from ops.exit_codes import Exit
from schemas.topics import ALL_TOPICS, ASSIGN, RELEASE, RESERVE
from stores.mongo.connection import Database
from tests.integration.commanding import Codes
from tests.integration.conftest import PutCodes
from tests.integration.importing import some_files
from tests.integration.running import Neighbour, running
from tests.integration.scraping import scraped, until_scraped
from tests.integration.test_kafka_unavailable import nobody

pytestmark = pytest.mark.integration

INPUTS = (("reserve", RESERVE), ("assign", ASSIGN), ("release", RELEASE))
ROWS = ("code", "A-1", "A-2", "A-1", "B 1", "C-1", "A-2", "")


@pytest.fixture
def codes(environment: dict[str, str], migrated: Any) -> Codes:
    return Codes(environment)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "spring.csv"
    path.write_text("\n".join(ROWS))
    return path


async def test_a_fan_is_shown_with_all_reservations(
    codes: Codes, environment: dict[str, str], stocked: PutCodes, tmp_path: Path
) -> None:
    """Those of other fans are not; `--campaign` selects."""
    for campaign in ("spring", "summer"):
        await stocked(campaign, 2)
    async with running("worker", environment, tmp_path / "worker.log"):
        for campaign, fan in (("spring", "f-1"), ("summer", "f-1"), ("spring", "f-2")):
            await codes("publish", "reserve", "--campaign", campaign, "--fan", fan, "--wait")

    both, one = await codes("show", "fan", "f-1", "--json"), await codes("show", "fan", "f-1", "--campaign", "spring")
    nobody_there = await codes("show", "fan", "f-3")

    assert {("spring", "held"), ("summer", "held")} == {
        (row["campaign_id"], row["state"]) for row in both.json["reservations"]
    }
    assert (True, False) == ("spring" in one.out, "summer" in one.out)
    assert (1, "codes: there is no reservation or request of fan f-3\n") == (nobody_there.code, nobody_there.err)


async def test_a_campaign_is_shown_without_its_shards(codes: Codes, stocked: PutCodes) -> None:
    """Thousands are separated; `--shards` shows what the counts are the sum of."""
    await stocked("spring", 1_234)

    counts, shards = await codes("show", "campaign", "spring"), await codes("show", "campaign", "spring", "--shards")

    assert ["tm", "1,234", "0", "0", "1,234"] == counts.out.splitlines()[1].split()
    assert "shard" not in counts.out
    assert "shard" in shards.out


async def test_a_dry_run_counts_what_the_import_then_does(
    codes: Codes, environment: dict[str, str], file: Path, db: Database, tmp_path: Path
) -> None:
    """The file is uploaded only by the import; a second dry run finds its codes in the campaign."""
    to_campaign = ("--campaign", "spring")
    with some_files(environment) as files:
        trial = await codes("imports", "dry-run", str(file), *to_campaign, "--json")
        stored = await db["codes"].count_documents({})
        bucket = ("--bucket", files.bucket, "--request-id", "i-1", "--wait", "--json")
        async with running("importer", environment, tmp_path / "importer.log"):
            done = await codes("publish", "import", str(file), *to_campaign, *bucket)
        source = f"s3://{files.bucket}/uploads/i-1/spring.csv"
        again = await codes("imports", "dry-run", source, *to_campaign, "--json")
        missing = await codes("imports", "dry-run", f"{source}.none", *to_campaign)

    names = ("rows_read", "inserted", "duplicates_in_file", "duplicates_in_campaign", "rejected")
    assert (0, 0) == (trial.code, stored)
    assert [6, 3, 2, 0, 1] == [trial.json[name] for name in names] == [done.json[name] for name in names]
    assert ({"bad_character": 1}, [{"line": 5, "reason": "bad_character"}]) == (
        trial.json["rejects"],
        trial.json["lines"],
    )
    assert [6, 0, 0, 5, 1] == [again.json[name] for name in names]
    assert (1, True) == (missing.code, "the import would fail: no_such_object" in missing.err)


async def test_an_upload_needs_a_bucket_that_exists(codes: Codes, file: Path) -> None:
    """Otherwise nothing is sent, and the line says what to do."""
    to_campaign = ("--campaign", "spring")
    unnamed = await codes("publish", "import", str(file), *to_campaign)
    absent = await codes("publish", "import", str(file), *to_campaign, "--bucket", "no-such-bucket")
    no_file = await codes("publish", "import", "none.csv", *to_campaign)
    sent = await codes("tail", "import.commands.v1", "--no-follow")

    assert [Exit.USAGE, Exit.FAILED, Exit.USAGE] == [ended.code for ended in (unnamed, absent, no_file)]
    assert "CODES_S3__ALLOWED_BUCKETS" in unnamed.err
    assert "no_such_bucket: Check the bucket name" in absent.err
    assert "there is no file none.csv" in no_file.err
    assert "" == sent.out


async def test_the_canary_sees_whether_requests_are_answered(
    codes: Codes, environment: dict[str, str], tmp_path: Path
) -> None:
    """By hand and as a process. Its campaign has as many codes afterwards as before."""
    with some_files(environment) as files:
        async with (
            running("worker", environment, tmp_path / "worker.log") as worker,
            running("importer", environment, tmp_path / "importer.log"),
        ):
            unprepared = await codes("canary", "--once")
            prepared = await codes("canary", "--prepare", "--bucket", files.bucket, "--json")
            once = await codes("canary", "--once", "--json")
            async with running("canary", environment, tmp_path / "canary.log") as canary:
                await canary.until_ready()
                await until_scraped(canary, "a round", lambda seen: seen.total("codes_canary_rounds_total") == 1)
                succeeded = (await scraped(canary)).value("codes_canary_rounds_total", outcome="ok")
                canary.signal(signal.SIGTERM)
                ended = await canary.ended()
            answered = await scraped(worker)
        unanswered = await codes("canary", "--once", "--timeout-s", "1")
    counts = await codes("show", "campaign", "canary", "--json")

    assert (Exit.FAILED, True) == (unprepared.code, "codes canary --prepare" in unprepared.err)
    assert (0, 100, 0, "ok") == (prepared.code, prepared.json["inserted"], once.code, once.json["outcome"])
    assert ["reserve", "assign", "release"] == [step["step"] for step in once.json["steps"]]
    assert (1, 0, Exit.TIMED_OUT) == (succeeded, ended, unanswered.code)
    assert 2 == answered.value("codes_answer_seconds_count", operation="assign", outcome="refused")
    assert 7 == answered.total("codes_answer_seconds_count")
    assert [100] == [row["available"] for row in counts.json["counts"]]


async def test_a_rehearsal_is_judged_and_its_shape_found_again(
    codes: Codes, environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """Each request is answered, as the counts show; afterwards the brokers know its shape."""
    file = tmp_path / "sale.csv"
    file.write_text("second,reserve,assign,release\n0,40,0,0\n0.5,20,20,10\n1.5,0,0,0\n")
    patient = Codes({**codes.environment, "CODES_OBJECTIVE__ANSWER_WITHIN_S": "100"})  # the machine is not judged
    asked = ("rehearse", "--shape", str(file), "--campaign", "rehearsal-1", "--json")
    few = await codes(*asked)
    await stocked("rehearsal-1", 41)
    async with running("worker", environment, tmp_path / "worker.log"):
        rehearsed = await patient(*asked)
    past = (await codes("rehearse", "shape", "--since", "2m", "--until", "0s", "--json")).json["counts"]
    sent = {spec.name: await neighbour.values(spec, past[operation]) for operation, spec in INPUTS}

    assert (Exit.FAILED, True) == (few.code, "has 0 available codes, and 41 may be used" in few.err)
    report = rehearsed.json
    names = ("answered", "unanswered", "surplus", "refused")
    assert (report["sent"], 0, 0, {}) == tuple(report[name] for name in names)
    assert (True, 70) == (report["objective"]["is_met"], report["sent"] + report["sender"]["left_out"])
    assert rehearsed.code == EXITS[report["outcome"]]  # under load, an assign may be due before anything is held
    assert past == {operation: len(sent[spec.name]) for operation, spec in INPUTS}
    assert report["sent"] + 3 == sum(map(len, sent.values()))
    assigns = {value["request_id"] for value in sent[ASSIGN.name] if value["request_id"].startswith(report["run_id"])}
    [counts] = (await codes("show", "campaign", "rehearsal-1", "--json")).json["counts"]
    assert len(assigns) == counts["assigned"]


async def test_an_interrupted_rehearsal_says_what_was_sent(
    codes: Codes, environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """And how to remove it."""
    await stocked("rehearsal-1", 10_000)
    async with running("worker", environment, tmp_path / "worker.log"):
        process = await codes.start("rehearse", "--shape", "steady", "--campaign", "rehearsal-1", "--rate", "0.5")
        await neighbour.records(RESERVE, 10)
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()

    assert (Exit.INTERRUPTED, b"") == (process.returncode, out)
    assert re.search(rb"codes: \d+ of 15,000 requests were sent, \d+ are answered; holds end within 600 s\.", err)
    assert b"codes campaigns purge rehearsal-1 --confirm rehearsal-1\n" in err


async def test_the_doctor_finds_what_is_wrong(codes: Codes, environment: dict[str, str]) -> None:
    """Each part by itself: an unavailable broker hides no missing bucket."""
    with some_files(environment) as files:
        well = Codes({**environment, "CODES_S3__ALLOWED_BUCKETS": f'["{files.bucket}"]'})
        sound = await well("doctor", "--json")
        ill = {"CODES_S3__ALLOWED_BUCKETS": '["no-such-bucket"]', "CODES_KAFKA__BOOTSTRAP_SERVERS": nobody()}
        broken = await Codes({**environment, **ill})("doctor", "--json")
        empty = await Codes({**environment, "CODES_TOPICS__PREFIX": "none."})("doctor", "--json")

    states = {check["subject"]: check["state"] for check in sound.json["checks"]}
    assert (Exit.OK, "ok", "ok") == (sound.code, states["topics"], states[f"bucket {files.bucket}"])
    found = {check["subject"]: check for check in broken.json["checks"]}
    assert Exit.UNREACHABLE == broken.code
    assert ("unavailable", "failed", "ok") == tuple(
        found[name]["state"] for name in ("broker", "bucket no-such-bucket", "database")
    )
    assert "CODES_KAFKA__BOOTSTRAP_SERVERS" in found["broker"]["remedy"]
    [topics] = [check for check in empty.json["checks"] if check["subject"] == "topics"]
    assert (Exit.FAILED, "Run codes migrate.") == (empty.code, topics["remedy"])
    assert all(topic.name in topics["detail"] for topic in ALL_TOPICS)


async def test_the_local_s3_serves_unsigned_requests(environment: dict[str, str]) -> None:
    """A plain `curl -T` replaces an object, and a plain `curl` reads what the importer or another client wrote."""
    with some_files(environment) as files:
        address = f"{environment['CODES_S3__ENDPOINT_URL']}/{files.bucket}"
        files.put("signed.csv", b"A-1")
        async with aiohttp.ClientSession() as session:
            for content in (b"B-1", b"B-2"):
                async with session.put(f"{address}/signed.csv", data=content) as answer:
                    assert 200 == answer.status
            async with session.get(f"{address}/signed.csv") as answer:
                assert (200, b"B-2") == (answer.status, await answer.read())


async def test_a_pipe_has_the_width_of_columns(codes: Codes) -> None:
    """As at a terminal of this width."""
    process = await codes.start("config", COLUMNS="90")
    out, _ = await process.communicate()

    assert 90 == max(map(len, out.decode().splitlines()))
