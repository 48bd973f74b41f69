"""An export is complete or has no manifest; its memory does not grow; its figures are those of its parts."""

import csv
import json
import tracemalloc
from hashlib import sha256
from io import StringIO
from typing import Any

import pytest

from ops.campaigns.export import ROWS_PER_PART, CampaignArchived, ExportOfAnother
from ops.campaigns.manifest import ExportFailed, Manifest
from stores.mongo.campaign_desk import CampaignFound
from stores.mongo.closing import CampaignUnknown
from tests.fakes.time import run
from tests.unit.ops.campaigns.folders import Desk, Folder, Rows, a_campaign, an_export

MANIFEST = "2026/final/manifest.json"
MEMORY_MAX = 60_000_000


def manifest_in(folder: Folder) -> dict[str, Any]:
    """What a reader of the folder begins with."""
    found = json.loads(folder.objects[MANIFEST])
    assert isinstance(found, dict)
    return found


def rows_in(folder: Folder) -> list[dict[str, str]]:
    """All rows of the parts that the manifest names."""
    texts = [folder.objects[f"2026/final/{part['name']}"].decode() for part in manifest_in(folder)["parts"]]
    return [row for text in texts for row in csv.DictReader(StringIO(text))]


def test_each_code_has_one_row_with_its_holder() -> None:
    """The manifest has the figures of each part, and of all."""
    folder = Folder()

    run(an_export(folder, Rows(3, 4), rows_per_part=5).run())

    rows = rows_in(folder)
    assert [f"SECRET-{number:08}" for number in range(7)] == [row["code"] for row in rows]
    assert ["fan-0", "fan-1", "fan-2", "", "", "", ""] == [row["fan_id"] for row in rows]
    found = manifest_in(folder)
    assert ({"assigned": 3, "available": 4}, 7, True) == (found["rows_by_status"], found["rows"], found["is_final"])
    for part in found["parts"]:
        body = folder.objects[f"2026/final/{part['name']}"]
        assert (sha256(body).hexdigest(), len(body)) == (part["sha256"], part["bytes"])
    assert sum(part["rows"] for part in found["parts"]) == 7


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_a_run_that_was_killed_leaves_no_manifest_and_the_next_one_is_whole(writes: int) -> None:
    """Whatever it had written; the same folder, then, has what one run would have written."""
    folder, whole = Folder(), Folder()
    rows = Rows(2_000, 2_000)
    run(an_export(whole, rows, rows_per_part=1_500).run())
    folder.writes_left = writes
    with pytest.raises(KeyboardInterrupt):
        run(an_export(folder, rows, rows_per_part=1_500).run())
    assert MANIFEST not in folder.objects

    folder.writes_left = 1_000
    run(an_export(folder, rows, rows_per_part=1_500).run())

    assert whole.objects == folder.objects


def test_a_finished_export_is_not_written_again() -> None:
    """Though the campaign has moved: its manifest is read."""
    folder = Folder()
    first = run(an_export(folder, Rows(1, 1)).run())
    written = dict(folder.objects)

    again = run(an_export(folder, Rows(5, 5)).run())

    assert (first, written) == (again, folder.objects)


def test_an_export_id_belongs_to_one_campaign_and_format() -> None:
    """Otherwise an archive could take another campaign's export."""
    folder = Folder()
    run(an_export(folder, Rows(1, 1)).run())
    other = an_export(folder, Rows(1, 1), format_="parquet")

    with pytest.raises(ExportOfAnother):
        run(other.run())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (a_campaign(is_closed=False), a_campaign(is_closed=False)),
        (a_campaign(is_closed=False), a_campaign()),
        (a_campaign(reserved=1), a_campaign(reserved=1)),
        (a_campaign(), a_campaign(later=1)),
    ],
)
def test_an_export_is_final_only_if_nothing_could_move(before: CampaignFound, after: CampaignFound) -> None:
    """Open, closed too late, with a hold, or reopened and closed again meanwhile."""
    manifest = run(an_export(Folder(), Rows(1, 1), before, after).run())

    assert manifest.is_final is False


def test_codes_without_a_reservation_are_counted() -> None:
    """They are taken, and nobody is named: they have no row."""
    manifest = run(an_export(Folder(), Rows(2, 3, unnamed=4)).run())

    assert (5, 4) == (manifest.rows, manifest.taken_without_reservation)


def test_an_empty_campaign_has_one_part() -> None:
    """Its header says which columns there would be."""
    folder = Folder()

    run(an_export(folder, Rows(0, 0)).run())

    [part] = manifest_in(folder)["parts"]
    assert (0, True) == (
        part["rows"],
        folder.objects[f"2026/final/{part['name']}"].startswith(b"campaign_id,code_id,"),
    )


def test_an_object_that_s3_does_not_take_at_once_is_sent_again() -> None:
    """A refusal ends the export, and says what to do."""
    folder = Folder()
    folder.unavailable = 2
    assert isinstance(run(an_export(folder, Rows(1, 1)).run()), Manifest)

    folder = Folder()
    folder.refused = "access_denied"
    with pytest.raises(ExportFailed) as raised:
        run(an_export(folder, Rows(1, 1)).run())
    assert "s3:PutObject" in str(raised.value.remedy)


def test_what_is_not_there_is_not_exported() -> None:
    """A campaign that nobody imported, and one whose codes are gone."""
    export = an_export(Folder(), Rows(0, 0))
    export.desk = Desk()  # type: ignore[assignment]  # stands in for it
    with pytest.raises(CampaignUnknown):
        run(export.run())

    archived = a_campaign()
    archived.removal = {"kind": "archive"}
    with pytest.raises(CampaignArchived):
        run(an_export(Folder(), Rows(0, 0), archived).run())


def peak_of(codes: int, rows_per_part: int) -> int:
    """Most bytes in memory while so many codes are exported."""
    folder = Folder()
    folder.keeps = False
    export = an_export(folder, Rows(codes // 4, codes - codes // 4), rows_per_part=rows_per_part)
    tracemalloc.start()
    try:
        assert codes == run(export.run()).rows
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_campaign() -> None:
    """Only with the size of a part."""
    assert peak_of(40_000, 8_000) < 1.2 * peak_of(20_000, 8_000)


@pytest.mark.long
def test_a_million_codes_need_as_much_memory_as_the_handbook_says() -> None:
    """Less than three parts are in memory at any time."""
    assert peak_of(1_000_000, ROWS_PER_PART) < MEMORY_MAX
