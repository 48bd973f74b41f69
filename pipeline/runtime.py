"""`python -m pipeline.runtime`: of the packages in constraints.txt, those that the image installs.

In:       pyproject.toml (the service and its `EXTRAS`), constraints.txt, and the metadata of what is installed.
Out:      on standard output, requirements with their pins and hashes; comments are left out.
Promise:  every package that the service needs on Linux is among them, and none that only tests, documents or the
          local stack need.
"""

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import requires
from itertools import chain
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).parents[1]
EXTRAS: Final = ("otel",)
"""What the image has beyond the service itself: it can send traces."""
IMAGE: Final = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
"""The image's system. A list made on another one is the same."""
PINNED: Final = re.compile(r"([A-Za-z0-9._-]+)==")

Wanted = tuple[str, frozenset[str]]
"""A package and its extras."""


def main() -> None:
    """Print the list."""
    names = needed(direct(tomllib.loads((ROOT / "pyproject.toml").read_text())))
    sys.stdout.writelines(pinned((ROOT / "constraints.txt").read_text(), names))


def direct(project: Mapping[str, Any]) -> list[Requirement]:
    """What pyproject.toml names for the image."""
    extras = project["project"]["optional-dependencies"]
    texts = chain(project["project"]["dependencies"], *(extras[name] for name in EXTRAS))
    return [Requirement(text) for text in texts]


def needed(roots: Iterable[Requirement]) -> set[str]:
    """The names of these packages and of all that they need, and so on.

    Raises:
        importlib.metadata.PackageNotFoundError: one is not installed here. `make setup` installs all.
    """
    seen: set[Wanted] = set()
    ahead = [wanted(root) for root in roots]
    while ahead:
        package = ahead.pop()
        if package not in seen:
            seen.add(package)
            ahead.extend(asked_by(package))
    return {name for name, _ in seen}


def wanted(requirement: Requirement) -> Wanted:
    """A requirement without its bounds: constraints.txt has the versions."""
    return canonicalize_name(requirement.name), frozenset(requirement.extras)


def asked_by(package: Wanted) -> Iterator[Wanted]:
    """What one package needs in the image."""
    name, extras = package
    for requirement in map(Requirement, requires(name) or ()):
        if any(applies(requirement, extra) for extra in ("", *extras)):
            yield wanted(requirement)


def applies(requirement: Requirement, extra: str) -> bool:
    """Whether it is needed on the image's system, for an extra or (empty) without one."""
    return requirement.marker is None or requirement.marker.evaluate({**IMAGE, "extra": extra})


def pinned(constraints: str, names: set[str]) -> Iterator[str]:
    """The lines of these packages, with their hashes."""
    keep = False
    for line in constraints.splitlines(keepends=True):
        start = PINNED.match(line)
        keep = canonicalize_name(start[1]) in names if start else keep
        if keep and not line.lstrip().startswith("#"):
            yield line


if __name__ == "__main__":
    main()
