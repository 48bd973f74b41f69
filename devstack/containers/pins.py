"""The pins that one purpose needs, of all that `constraints.txt` holds: the image has no test tools in it.

In:       the lock with its notes of who asked for a package (`# via`), and the names that a purpose begins with.
Out:      on standard output the same pins with their markers and hashes, only those that are reached from the names.
Promise:  pip's own library is enough to run it: nothing is installed yet when the image is built. A package that the
          purpose needs is never left out; `pip check` in the Dockerfile looks again.
"""

import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

FOLDER: Final = Path(__file__).parents[2]
IMAGE_EXTRAS: Final = ("aws", "msk", "otel")
STACK_EXTRAS: Final = ("devstack",)
PURPOSES: Final = ("build", "run", "demo")
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
NOTE: Final = re.compile(r"^ +#(?: via)? +(\S+)", re.MULTILINE)
PIN: Final = re.compile(r"^(?=\S)", re.MULTILINE)


class Pin(NamedTuple):
    """One package of the lock."""

    name: str
    text: str
    """As it stands there, hashes and notes included."""
    asked_by: frozenset[str]


def needed(pins: Iterable[Pin], names: Iterable[str]) -> list[Pin]:
    """The pins of these names, of what they ask for, and so on."""
    known = list(pins)
    reached = {canonical(name) for name in names}
    while more := {pin.name for pin in known if pin.asked_by & reached} - reached:
        reached |= more
    return [pin for pin in known if pin.name in reached]


def read(lock: str) -> list[Pin]:
    """Every pin of a lock."""
    texts = [text for text in PIN.split(lock) if text.strip()]
    return [Pin(canonical(text), text, frozenset(map(canonical, NOTE.findall(text)))) for text in texts]


def names_for(purpose: str) -> list[str]:
    """What a purpose begins with: to `run` the service, to `build` its wheel, or for the `demo` on a local stack."""
    build = (FOLDER / "requirements-build.in").read_text().split()
    if purpose == "build":
        return build
    project = tomllib.loads((FOLDER / "pyproject.toml").read_text())["project"]
    chosen, more = (IMAGE_EXTRAS, []) if purpose == "run" else (STACK_EXTRAS, build)
    extras = [name for extra in chosen for name in project["optional-dependencies"][extra]]
    return [*project["dependencies"], *extras, *more]


def canonical(text: str) -> str:
    """The name at the beginning of a requirement, as all its spellings are written alike; empty if there is none."""
    found = NAME.match(text)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""


if __name__ == "__main__":
    [wanted] = [purpose for purpose in PURPOSES if purpose in sys.argv[1:]]
    lock = (FOLDER / "constraints.txt").read_text()
    sys.stdout.writelines(pin.text for pin in needed(read(lock), names_for(wanted)))
