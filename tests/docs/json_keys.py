"""The keys of `--json`, as docs/scripting.md lists them.

Out: `documented`, the keys of each command; `check`, which compares them with what a command printed.
"""

import json
import re
from typing import Any, Final

from tests.places import ROOT

ROW: Final = re.compile(r"^\|(.*?)\|(.*?)\|(.*)\|$", re.MULTILINE)
PARTLY: Final = ("codes imports show", "codes tail")
"""The page leaves out fields that are the importer's own; a record's value has either of two keys."""


def documented() -> dict[tuple[str, str], set[str]]:
    """The keys by command and place."""
    found: dict[tuple[str, str], set[str]] = {}
    command = ""
    for words, place, keys in ROW.findall((ROOT / "docs/scripting.md").read_text())[2:]:
        command = words.split("`")[1] if "`" in words else command
        found[command, place.strip(" `")] = set(re.findall(r"`([a-z0-9_]+)`", keys))
    return found


def keys_at(place: str, found: Any) -> set[str]:
    """The keys that a command printed."""
    if place in {"a list", "the object", "each line"}:
        return set(found[0] if place == "a list" else found)
    inner = found[place.removesuffix("[]")]
    return set(inner[0] if place.endswith("[]") else inner)


def check(command: str, out: str) -> None:
    """Compare all places of one command."""
    found, places = json.loads(out), {place: keys for (name, place), keys in documented().items() if name == command}
    assert places, command
    for place, keys in places.items():
        printed = keys_at(place, found)
        assert keys <= printed | {"value_base64"}, command
        assert command in PARTLY or printed <= keys, command
