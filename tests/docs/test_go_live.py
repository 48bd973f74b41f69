"""The go-live checklist: each line can be typed, and what it must print is what the programs print."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.docs.pages import SPAN
from tests.places import ROOT

PAGE: Final = ROOT / "docs" / "handbook" / "go-live.md"
ROW: Final = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| (.*?) ?\|$", re.MULTILINE)
ROWS: Final = [found.groups() for found in ROW.finditer(PAGE.read_text())]
OTHERS: Final = ("SUCCESS", "Succeeded", '"health":"ok"', "kubectl get prometheusrule")
"""What promtool, Helm and Prometheus print, and a command."""
PRINTS: Final = ("cli", "audit", "ops", "schemas", "stores", "consumers", "web")


@pytest.fixture(scope="module")
def sources() -> str:
    """The code that prints."""
    paths: list[Path] = [path for folder in PRINTS for path in (ROOT / folder).rglob("*.py")]
    return "\n".join(path.read_text() for path in paths)


def test_the_lines_are_numbered() -> None:
    """So that a team can say where it is."""
    assert [str(number) for number in range(1, len(ROWS) + 1)] == [row[0] for row in ROWS]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_what_a_line_must_print_is_printed(row: tuple[str, str, str, str], sources: str) -> None:
    """Words in code are in the code; a colon may stand between a constant and a value."""
    _, typed, printed, _ = row
    parts = [part for span in SPAN.findall(printed) if span not in OTHERS for part in span.split(": ")]

    assert [] == [part for part in parts if part not in sources]
    assert typed
    assert printed
