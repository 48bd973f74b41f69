"""Every link of the documents leads to a page or heading that exists."""

from pathlib import Path

import pytest

from tests.docs.pages import PAGES, anchors, links, name_of
from tests.places import ROOT


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    """This covers all Markdown files, in docs/ and outside."""
    assert [] == [link.target for link in links(page) if not link.path.exists()]
    assert [] == [
        link.target
        for link in links(page)
        if link.anchor and link.path.suffix == ".md" and link.anchor not in anchors(link.path)
    ]


def test_every_page_is_linked_from_another_one() -> None:
    """Who reads on finds all of them; README is where they begin."""
    linked = {link.path for page in PAGES for link in links(page) if link.path != page}
    begins = {ROOT / "README.md", ROOT / "docs/index.md"}

    assert [] == [name_of(page) for page in PAGES if page not in linked | begins]
