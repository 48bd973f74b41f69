"""Who is called finds what to do: a section for each alert, with commands, metrics and settings that exist."""

import re
from typing import Final

import pytest

from ops.monitoring.alert import PREFIX, RUNBOOKS
from ops.monitoring.rules import ALERTS
from ops.settings.load import VARIABLES
from ops.telemetry.metrics import SPECS
from tests.docs.commands import is_command
from tests.places import ROOT

TEXT: Final = (ROOT / RUNBOOKS).read_text()
NAMES: Final = tuple(dict.fromkeys(alert.name for alert in ALERTS))
PARTS: Final = ["Type", "Means", "Look at", "Do", "Over when"]
PROGRAMS: Final = {"codes", "kubectl", "kafka-transactions.sh"}
"""`test_commands_that_are_named_exist` checks the first one's options."""


def sections() -> dict[str, str]:
    """The text of each second-level heading."""
    found = re.split(r"^## (.+)\n", TEXT, flags=re.MULTILINE)[1:]
    return dict(zip(found[::2], found[1::2], strict=True))


def test_each_alert_has_a_section_and_each_section_an_alert() -> None:
    """In the order of the rules; the links lead there, since a heading's anchor is its text in small letters."""
    assert [*NAMES] == [name for name in sections() if name.startswith(PREFIX)]
    assert {f"{RUNBOOKS}#{name.lower()}" for name in NAMES} == {
        alert.annotations()["runbook_url"] for alert in ALERTS
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_section_says_all_that_is_needed(name: str) -> None:
    """What to type first, what it means, what to look at, what to do, when it is over."""
    assert PARTS == re.findall(r"^\*\*(.+?)\.\*\* \S", sections()[name], flags=re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_a_section_begins_with_the_command_to_type(name: str) -> None:
    """As it is: whoever is paged has no time to compose one."""
    [typed] = re.findall(r"\A\n\*\*Type\.\*\* (`.+`)\n", sections()[name])

    assert [] == [command for command in re.findall(r"`(.+?)`", typed) if command.split()[0] not in PROGRAMS]


def test_metrics_and_settings_that_are_named_exist() -> None:
    """A name that is wrong costs the most at night."""
    metrics = {spec.name for spec in SPECS}

    assert set() == set(re.findall(r"`(codes_\w+)", TEXT)) - metrics
    assert set() == set(re.findall(r"\b(CODES_[A-Z0-9_]+)", TEXT)) - {*VARIABLES}


def test_commands_that_are_named_exist() -> None:
    """Commands are checked with their options."""
    lines = re.findall(r"`codes ([a-z][^`]*)`", TEXT)

    assert [] == [line for line in lines if not is_command(line)]
