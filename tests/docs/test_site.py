"""`make docs`: a site without a warning, which asks no other host for anything."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from docs_site.drawing import OVERVIEW, fence
from docs_site.sequence import NotDrawn, read_sequence
from tests.docs.pages import BLOCK, PAGES, ROOT

ASKED_FOR: Final = re.compile(r"""<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)=["']?([^"'\s>]+)""")
QUIET: Final = {"NO_MKDOCS_2_WARNING": "1"}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, made anew; strict, so that a warning fails it."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)]
    quiet = {**os.environ, **QUIET}
    made = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True, check=False)  # noqa: S603  # ours
    assert (0, "") == (made.returncode, made.stderr)
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


def test_the_overview_has_what_the_flowchart_of_the_readme_has() -> None:
    """It is drawn by hand; its topics and roles are those of the text."""
    chart = next(text for language, text in BLOCK.findall((ROOT / "README.md").read_text()) if language == "mermaid")
    names = re.compile(r"[a-z-]+(?:\.[a-z-]+)?\.v1|codes [a-z]+")

    assert set(names.findall(chart)) == set(names.findall(OVERVIEW.read_text()))


def test_a_line_that_is_not_known_is_an_error() -> None:
    """So that no drawing leaves something out."""
    with pytest.raises(NotDrawn, match="alt else"):
        read_sequence("sequenceDiagram\n participant A\n alt else")


def test_text_of_a_drawing_is_text() -> None:
    """What stands in a message is no HTML."""
    drawn = fence("sequenceDiagram\n participant A\n participant B as <b>\n A->>B: a & b\n Note over A,B: one")

    assert ("&lt;b&gt;" in drawn, "a &amp; b" in drawn, "<b>" in drawn) == (True, True, False)
