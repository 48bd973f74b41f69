"""What our documents say: links, headings, and names of things in the code.

In:   every Markdown file of the repository.
Out:  `PAGES`; links with their anchors; spans of code, in sentences and in blocks for a shell.
"""

import re
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from tests.places import ROOT

PAGES: Final = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("helm/**/*.md")])
BLOCK: Final = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
LINK: Final = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
SPAN: Final = re.compile(r"`([^`\n]+)`")
HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)


class Link(NamedTuple):
    """One link of a page."""

    page: Path
    target: str

    @property
    def path(self) -> Path:
        """The file it leads to; the page itself for an anchor alone."""
        before = self.target.partition("#")[0]
        return (self.page.parent / before).resolve() if before else self.page

    @property
    def anchor(self) -> str:
        """The heading it leads to, if any."""
        return self.target.partition("#")[2]


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return BLOCK.sub("", page.read_text())


def links(page: Path) -> list[Link]:
    """Those that lead to a file of ours."""
    return [Link(page, target) for target in LINK.findall(prose(page)) if "://" not in target]


def anchors(page: Path) -> set[str]:
    """What the headings of a page are called, as the sites that show Markdown make it."""
    return {slug(title) for title in HEADING.findall(prose(page))}


def slug(title: str) -> str:
    """A heading's anchor."""
    words = re.sub(r"[^\w\- ]", "", LINK.sub("", title).lower())
    return words.strip().replace(" ", "-")


@cache
def spans(page: Path) -> list[str]:
    """Code in sentences and tables, where a bar has a backslash before it."""
    return [span.replace("\\|", "|") for span in SPAN.findall(prose(page))]


@cache
def shell_lines(page: Path) -> list[str]:
    """Lines of blocks for a shell, those that go on joined."""
    blocks = [text.replace("\\\n", " ") for language, text in BLOCK.findall(page.read_text()) if language == "sh"]
    return [line.strip() for block in blocks for line in block.splitlines()]


def name_of(page: Path) -> str:
    """A page as a test names it."""
    return str(page.relative_to(ROOT))
