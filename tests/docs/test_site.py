"""`make docs`: a site without a warning, which asks no other host for anything."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from pymdownx.superfences import SuperFencesException

from docs.build.drawing import fence
from tests.docs.pages import BLOCK, PAGES
from tests.places import ROOT

ASKED_FOR: Final = re.compile(r"""<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)=["']?([^"'\s>]+)""")
QUIET: Final = {"NO_MKDOCS_2_WARNING": "1"}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built again; strict, so that a warning fails it."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(folder)]
    quiet = {**os.environ, **QUIET}
    made = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True, check=False)  # noqa: S603  # ours
    assert 0 == made.returncode, made.stderr  # `--quiet` would count no warnings
    return folder


def test_every_page_is_on_the_site(site: Path) -> None:
    """Those of docs/ at their place, those beside it under a name of their own."""
    names = {path.relative_to(site).with_suffix("").as_posix() for path in site.rglob("*.html")}

    docs = {page.relative_to(ROOT / "docs").with_suffix("") for page in PAGES if page.is_relative_to(ROOT / "docs")}
    assert {"index", "first-steps", "changelog", "contributing"} <= names
    assert {path.with_name("index" if path.name == "README" else path.name).as_posix() for path in docs} <= names


def test_no_page_asks_another_host(site: Path) -> None:
    """No script, font, style or picture comes from elsewhere; links for the reader may lead there."""
    asked = {target for page in site.rglob("*.html") for target in ASKED_FOR.findall(page.read_text())}

    assert set() == {target for target in asked if re.match(r"(https?:)?//", target)}
    for style in site.rglob("*.css"):
        assert [] == re.findall(r"url\([\"']?(?:https?:)?//|@import", style.read_text())


def test_every_diagram_is_drawn(site: Path) -> None:
    """None is left to a script."""
    count = sum(language == "mermaid" for page in PAGES for language, _ in BLOCK.findall(page.read_text()))

    drawn = [page.read_text().count('<div class="drawing"><svg') for page in site.rglob("*.html")]
    assert count == sum(drawn)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("sequenceDiagram\n participant A\n alt else", "alt else"),
        ("sequenceDiagram\n participant A\n A->>B: a", "no participant 'B'"),
        ("flowchart LR\n a --> results.v1", "differ in"),
    ],
)
def test_what_cannot_be_drawn_is_an_error(source: str, said: str) -> None:
    """An unknown line, an unknown name, and a flowchart whose roles and topics are not those of the overview."""
    with pytest.raises(SuperFencesException, match=said):
        fence(source)


def test_text_of_a_drawing_is_text() -> None:
    """The text of a message is escaped, not read as HTML."""
    drawn = fence("sequenceDiagram\n participant A\n participant B as <b>\n A->>B: a & b\n Note over A,B: one")

    assert ("&lt;b&gt;" in drawn, "a &amp; b" in drawn, "<b>" in drawn) == (True, True, False)
