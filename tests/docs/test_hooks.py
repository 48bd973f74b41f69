"""Links of a page as they must be on the site."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from docs.build.hooks import on_page_markdown


def moved(page: str, text: str) -> str:
    """A page's text as mkdocs gets it."""
    return on_page_markdown(text, page=cast("Any", SimpleNamespace(file=SimpleNamespace(src_uri=page))))


@pytest.mark.parametrize(
    ("page", "written", "expected"),
    [
        ("first-steps.md", "[a](docs/flow.md#an-import)", "[a](flow.md#an-import)"),
        ("first-steps.md", "![a](docs/img/a.png)", "![a](img/a.png)"),
        ("first-steps.md", "[a](CHANGELOG.md)", "[a](changelog.md)"),
        ("operations.md", "[a](../CHANGELOG.md#added)", "[a](changelog.md#added)"),
        ("handbook/upgrade.md", "[a](../../README.md)", "[a](../first-steps.md)"),
        ("handbook/upgrade.md", "[a](../runbooks.md)", "[a](../runbooks.md)"),
        ("decisions/0001-x.md", "[a](0002-y.md)", "[a](0002-y.md)"),
        ("flow.md", "[a](#b) [c](https://d.example/e.md)", "[a](#b) [c](https://d.example/e.md)"),
        ("first-steps.md", "see [LICENSE](LICENSE)", "see LICENSE"),
        ("flow.md", "[the plan](../handlers/requests/plan.py)", "the plan (`handlers/requests/plan.py`)"),
    ],
)
def test_a_link_leads_to_the_page_on_the_site(page: str, written: str, expected: str) -> None:
    """Into docs/, out of it to what is mounted; a file that is not on the site is named instead."""
    assert expected == moved(page, written)
