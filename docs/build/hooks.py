"""mkdocs hooks: README, CHANGELOG and CONTRIBUTING become pages; links out of docs/ lead to them.

In:       mkdocs' configuration, its list of files, each page's Markdown.
Out:      the same, with the files outside docs/ mounted, and a drawing for each `mermaid` fence.
Promise:  the documents need no changes for the site: they also work in the repository.
"""

import re
from pathlib import Path
from posixpath import dirname, normpath, relpath
from typing import Any, Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from docs.build.drawing import fence

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = "docs"
MOUNTED: Final = {
    "README.md": "first-steps.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
}
"""Files outside docs/, and their pages."""
SOURCES: Final = {page: source for source, page in MOUNTED.items()}
LINK: Final = re.compile(r"(!?)\[([^\]]+)\]\(([^)\s]+)\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Draw each `mermaid` fence while the page is built."""
    drawn = {"name": "mermaid", "class": "drawing", "format": fence}
    config.mdx_configs["pymdownx.superfences"] = {"custom_fences": [drawn]}
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the mounted pages."""
    for source, page in MOUNTED.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text()))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:  # noqa: ANN401  # mkdocs passes more than is wanted
    """Rewrite each link for the site."""
    here = page.file.src_uri
    source = SOURCES.get(here, f"{DOCS}/{here}")
    return LINK.sub(lambda found: moved(found, here, source), markdown)


def moved(found: re.Match[str], here: str, source: str) -> str:
    """A link of the file `source`, which is the page `here`. A file that is not on the site is named, not linked."""
    mark, label, target = found.groups()
    path, hash_, anchor = target.partition("#")
    if "://" in target or not path:
        return found[0]
    there = normpath(f"{dirname(source)}/{path}".lstrip("/"))
    if there not in MOUNTED and not there.startswith(f"{DOCS}/"):
        return label if label.strip("`") == there else f"{label} (`{there}`)"
    page = MOUNTED.get(there) or there.removeprefix(f"{DOCS}/")
    return f"{mark}[{label}]({relpath(page, dirname(here) or '.')}{hash_}{anchor})"
