"""docs/flow.md says how the worker runs: a newcomer who follows it must find it so."""

import re

import pytest

from tests.docs.call_order import calls
from tests.places import ROOT

CELLS = r"^\| `(?P<file>[\w/]+\.py)` \| .* \| `(?P<start>\w+)` \| (?P<calls>`\w+`(?:, `\w+`)*) \|$"
ROWS = [found.groupdict() for found in re.finditer(CELLS, (ROOT / "docs/flow.md").read_text(), re.MULTILINE)]


def test_three_files_are_read() -> None:
    """The role, the loop, the batch."""
    assert ["roles/worker.py", "consumers/loop/partition.py", "consumers/worker/batch.py"] == [
        row["file"] for row in ROWS
    ]


@pytest.mark.parametrize("row", ROWS, ids=[row["file"] for row in ROWS])
def test_a_file_calls_what_is_said_in_the_order_that_is_said(row: dict[str, str]) -> None:
    """From the function named, top to bottom."""
    said = re.findall(r"\w+", row["calls"])

    found = iter(calls(ROOT / row["file"], row["start"]))

    assert said == [name for name in said if name in found]


def test_another_order_is_found() -> None:
    """This test would fail if the code went another way."""
    found = iter(calls(ROOT / "consumers/worker/batch.py", "serve"))

    assert ["_apply"] == [name for name in ("_apply", "_gather") if name in found]
