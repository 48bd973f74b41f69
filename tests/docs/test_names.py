"""What the documents name exists in the code: a name that is wrong costs the reader's time and trust."""

import re
import tomllib
from pathlib import Path
from typing import Final

import pytest

from ops.monitoring.rules import ALERTS
from ops.settings.load import VARIABLES
from ops.telemetry.metrics import SPECS
from schemas.topics import ALL_TOPICS, INTERNAL_TOPICS
from tests.docs.commands import is_command
from tests.docs.pages import PAGES, name_of, shell_lines, spans
from tests.places import ROOT

every_page = pytest.mark.parametrize("page", PAGES, ids=name_of)

SETTING: Final = re.compile(r"\bCODES_[A-Z0-9]+(?:_+[A-Z0-9]+)*(?![A-Z0-9_]*\*)\b(?!_)")
SERIES: Final = re.compile(r"_(bucket|sum|count|total)$")
FILE: Final = re.compile(r"[\w.-]+(/[\w.-]+)+\.(py|md|yaml|yml|json|toml)")
SOURCES: Final = ("*.py", "Makefile", "*.yml", "*.yaml", "*.tpl")
LEFT_OUT: Final = {".venv", ".git", "site", ".stack"}
MADE: Final = ("site/", "dist/")
"""Folders that are written, not kept."""
FOLDER: Final = re.compile(r"[\w.-]+(/[\w.-]+)*/")
WRITTEN: Final = (*MADE, "logs/")
PACKAGES: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]
NOT_INSTALLED: Final = ("benchmarks", "docs", "helm", "tests")


@pytest.fixture(scope="session")
def sources() -> str:
    """All code and configuration: where variables of the stack and of the tests are read."""
    entries = [entry for entry in ROOT.iterdir() if entry.name not in LEFT_OUT]
    folders = [entry for entry in entries if entry.is_dir()]
    inside = [path for folder in folders for pattern in SOURCES for path in folder.rglob(pattern)]
    beside = [entry for entry in entries if any(map(entry.match, SOURCES))]
    return "\n".join(path.read_text() for path in (*inside, *beside) if path.is_file())


@every_page
def test_settings_exist(page: Path, sources: str) -> None:
    """Each `CODES_…` is a setting, its `_FILE`, or a variable that a source file reads."""
    settings = {*VARIABLES, *(f"{name}_FILE" for name in VARIABLES)}

    named = set(SETTING.findall(page.read_text())) - settings
    assert [] == sorted(name for name in named if name not in sources)


@every_page
def test_commands_exist(page: Path) -> None:
    """With their options, in sentences and in blocks for a shell."""
    in_sentences = [span.removeprefix("codes ") for span in spans(page) if re.match("codes [a-z]", span)]
    in_blocks = [line for text in shell_lines(page) for line in re.findall(r"(?:^|\| |\()codes ([a-z][^)|]*)", text)]

    assert [] == [line for line in (*in_sentences, *in_blocks) if not is_command(line)]


@every_page
def test_make_targets_exist(page: Path) -> None:
    """`make help` lists them."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))

    named = {word for text in (*spans(page), *shell_lines(page)) for word in re.findall(r"^make ([a-z-]+)", text)}
    assert set() == named - targets


@every_page
def test_topics_exist(page: Path) -> None:
    """With the default prefix or without; the `ce_type` of a dead letter looks like one."""
    known = {*(topic.name for topic in (*ALL_TOPICS, *INTERNAL_TOPICS)), "dead-letter.v1"}

    named = {found[0] for span in spans(page) if (found := re.match(r"(codes\.)?[a-z-]+(\.[a-z-]+)?\.v\d\b", span))}
    assert set() == {name.removeprefix("codes.") for name in named} - known


@every_page
def test_metrics_exist(page: Path) -> None:
    """As series too."""
    known = {SERIES.sub("", spec.name) for spec in SPECS}

    named = {SERIES.sub("", found) for span in spans(page) for found in re.findall(r"\bcodes_\w*[a-z]\b", span)}
    assert set() == named - known


@every_page
def test_alerts_exist(page: Path) -> None:
    """Documents name alerts by their full names."""
    named = set(re.findall(r"\bCodes[A-Z]\w+", page.read_text()))

    assert set() == named - {alert.name for alert in ALERTS}


@every_page
def test_files_exist(page: Path) -> None:
    """Those that are named with their folder."""
    named = {span for span in spans(page) if FILE.fullmatch(span) and not span.startswith(MADE)}

    assert [] == sorted(name for name in named if not (ROOT / name).exists())


@every_page
def test_folders_exist(page: Path) -> None:
    """A span that ends in a slash is a folder of the repository, or one that a command writes."""
    named = {span for span in spans(page) if FOLDER.fullmatch(span) and not span.startswith(WRITTEN)}

    assert [] == sorted(name for name in named if not (ROOT / name).is_dir())


def test_the_readme_has_every_top_level_folder() -> None:
    """A newcomer finds each one in the table, with what enters and what leaves it."""
    rows = re.findall(r"^\| `(\w+)/` \| [^|]+ \| [^|]+ \|$", (ROOT / "README.md").read_text(), flags=re.MULTILINE)

    assert sorted([*PACKAGES, *NOT_INSTALLED]) == sorted(rows)


@pytest.mark.parametrize("line", ["migrate --chekc", "imports lst", "publish reserve --campaign spring --fann f-1"])
def test_a_command_that_is_wrong_is_found(line: str) -> None:
    """A wrong word, and a wrong option."""
    assert not is_command(line)
