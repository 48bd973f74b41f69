"""`codes campaigns` as a manager types it: what is listed, shown and exported."""

import csv
from io import StringIO
from pathlib import Path

import pytest

from schemas.topics import ASSIGN, RESERVE, RESULTS
from tests.integration.commanding import Codes
from tests.integration.conftest import PutCodes
from tests.integration.importing import Files
from tests.integration.requesting import reserve
from tests.integration.running import Neighbour, running

pytestmark = pytest.mark.integration


@pytest.fixture
def codes(environment: dict[str, str]) -> Codes:
    """The command line on this test's deployment."""
    return Codes(environment)


def rows_of(files: Files, folder: str, names: list[str]) -> list[dict[str, str]]:
    """All rows of these parts."""
    texts = [files.text(f"{folder}/{name}") for name in names]
    return [row for text in texts for row in csv.DictReader(StringIO(text))]


async def test_an_export_says_who_got_what(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, codes: Codes, files: Files, tmp_path: Path
) -> None:
    """Encrypted as the settings say; not final, since the campaign is open; not written again under its id."""
    await stocked("spring", 8)
    async with running("worker", environment, tmp_path / "worker.log"):
        await neighbour.send(RESERVE, reserve("r-1", "spring", quantity=2))
        await neighbour.send(ASSIGN, reserve("s-1", "spring"))
        await neighbour.values(RESULTS, 2)
    to, folder = ("--to", f"s3://{files.bucket}/a/b/"), f"s3://{files.bucket}/a/b/e-1"
    encrypted = Codes({**environment, "CODES_S3__SSE": "AES256"})

    done = await encrypted("campaigns", "export", "spring", *to, "--export-id", "e-1", "--by", "maria", "--json")
    written = files.listed()
    again = await codes("campaigns", "export", "spring", *to, "--export-id", "e-1")

    assert (0, f"{folder}/manifest.json", False) == (done.code, done.json["manifest"], done.json["is_final"])
    rows = rows_of(files, folder, [part["name"] for part in done.json["parts"]])
    assert {"available": 5, "reserved": 2, "assigned": 1} == done.json["rows_by_status"]
    taken = sorted((row["status"], row["fan_id"], row["request_id"]) for row in rows if row["fan_id"])
    assert [("assigned", "fan-s-1", "s-1"), *[("reserved", "fan-r-1", "r-1")] * 2] == taken
    assert 8 == len({row["code"] for row in rows})
    assert "SECRET" not in done.out + done.err
    heads = [files.client.head_object(Bucket=files.bucket, Key=key) for key in written]
    assert {"AES256"} == {head["ServerSideEncryption"] for head in heads}
    assert (0, written) == (again.code, files.listed())


async def test_campaigns_are_listed_and_shown_for_people(stocked: PutCodes, codes: Codes) -> None:
    """Thousands separated; with the state and since when; one line for what is not there."""
    await stocked("spring", 1_234)
    await stocked("autumn", 5)
    empty = await codes("campaigns", "show", "winter")
    await codes("campaigns", "close", "spring", "--by", "maria")

    listed, shown = await codes("campaigns", "list"), await codes("campaigns", "show", "spring")

    header, autumn, spring = (line.split() for line in listed.out.splitlines())
    assert ["campaign", "state", "available", "reserved", "assigned", "total", "closed", "last", "import"] == header
    assert ["autumn", "open", "5", "0", "0", "5", "-", "-"] == autumn
    assert ["spring", "closed", "1,234", "0", "0", "1,234"] == spring[:6]
    fields = dict(line.split(maxsplit=1) for line in shown.out.splitlines())
    assert ("closed", "maria", "1,234") == (fields["state"], fields["closed_by"], fields["total"])
    assert (1, "codes: there is no campaign winter; see codes campaigns list\n") == (empty.code, empty.err)


async def test_wrong_usage_is_one_line(codes: Codes, stocked: PutCodes) -> None:
    """An unknown campaign, a place that is none, a format that is none."""
    await stocked("spring", 1)
    unknown = await codes("campaigns", "close", "winter")
    place = await codes("campaigns", "export", "spring", "--to", "bucket/prefix")
    format_ = await codes("campaigns", "export", "spring", "--to", "s3://b", "--format", "xlsx")

    assert (1, True) == (unknown.code, unknown.err.startswith("codes: there is no campaign winter"))
    assert (2, "codes: --to must be s3://BUCKET/PREFIX\n") == (place.code, place.err)
    assert (2, "codes: --format must be csv or parquet\n") == (format_.code, format_.err)
