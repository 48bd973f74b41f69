"""Targets explain themselves, name what they lack, and leave no test out."""

import os
import re
import shutil
from pathlib import Path
from typing import Final

import pytest

from tests.pipeline.makefile import MAKEFILE, make, targets, would_run
from tests.places import ROOT

TESTING: Final = ("unit", "property", "contract", "features", "browser", "alerts", "chart")
"""Targets with test folders of their own; `integration` takes all others."""
NEEDS: Final = {
    "image": "docker",
    "archive": "docker",
    "scan": "trivy",
    "publish": "docker",
    "containers": "docker",
    "replicas": "mongod",
    "tools": "go",
    "secrets": "gitleaks",
    "kubeconform": "helm",
    "package": "helm",
    "scan-published": "trivy",
    "scan-deployed": "helm",
    "sign": "cosign",
    "verify": "cosign",
    "release": "crane",
    "publish-chart": "crane",
    "deploy-prod": "helm",
    "partial": "helm",
    "smoke": "helm",
    "gate": "helm",
    "rollback": "helm",
}
GROUPS: Final = ("", "Set-up", "Run", "Checks", "Tests", "Packages", "Deploy", "Documents")
"""Titles of `make help`; `help` itself stands before the first one."""
ENVIRONMENTS: Final = ("dev", "qa", "preprod", "prod")


def folders(commands: str) -> set[str]:
    """The test folders that they name."""
    return set(re.findall(r"(?<==)tests/\w+|(?<= )tests/\w+(?=[ \n])", commands))


def test_every_target_says_what_it_does() -> None:
    """What is phony has a line in `make help`, and the other way round."""
    text = MAKEFILE.read_text().replace("\\\n", "")
    phony = re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)

    assert phony is not None
    assert sorted(phony[1].split()) == sorted(targets())


def test_help_lists_every_target_in_one_group() -> None:
    """A newcomer reads seven short lists, each under its own title."""
    title = ""
    listed: dict[str, str] = {}
    for line in make("help").stdout.splitlines():
        title = line if line and not line.startswith(" ") else title
        listed |= {line.split()[0]: title} if line.startswith("  ") else {}

    assert sorted(targets()) == sorted(listed)
    assert GROUPS == tuple(dict.fromkeys(listed.values()))


def test_check_is_made_of_the_pipelines_targets() -> None:
    """`make check` runs what its five jobs run, no more and no less. `secrets` reads every commit: it is apart."""
    assert would_run("lint", "types", "imports", "security", "licenses") == would_run("check")


def test_test_is_every_check_and_every_test() -> None:
    """No folder is left out of a normal run."""
    assert set(would_run("check").splitlines()) <= set(would_run("test").splitlines())
    assert would_run("test").endswith("pytest -n 5 --dist loadgroup --no-loadscope-reorder\n")


def test_every_test_is_in_one_job() -> None:
    """A folder of tests has a target of its own, or `integration` takes it; never both, never neither."""
    apart = [folder for target in TESTING for folder in folders(would_run(target))]

    assert sorted(set(apart)) == sorted(apart)
    assert set(apart) == folders(would_run("integration"))
    assert all((ROOT / folder).is_dir() for folder in apart)


@pytest.mark.parametrize("target", NEEDS)
def test_a_missing_program_is_named_in_one_line(target: str, tmp_path: Path) -> None:
    """Without docker, helm or trivy the message names the program; there is no error of the shell."""
    real = shutil.which("make")
    assert real is not None
    (tmp_path / "make").symlink_to(real)

    done = make(target, environment={"PATH": str(tmp_path)})

    assert f"make {target}: needs {NEEDS[target]}, and there is none on the PATH" == done.stderr.splitlines()[0]
    assert 0 != done.returncode


@pytest.mark.parametrize(
    "target", [*(f"deploy-{name}" for name in ENVIRONMENTS), "partial", "smoke", "gate", "rollback"]
)
def test_a_cluster_is_named_and_never_guessed(target: str, tmp_path: Path) -> None:
    """What kubectl happens to point at is never deployed to."""
    helm = tmp_path / "helm"
    helm.write_text("#!/bin/sh\necho asked")
    helm.chmod(0o755)
    (tmp_path / "make").symlink_to(str(shutil.which("make")))

    done = make(target, environment={"PATH": str(tmp_path), "KUBE_CONTEXT": ""})

    assert f"make {target}: name the cluster, as in KUBE_CONTEXT=my-cluster" == done.stderr.splitlines()[0]
    assert not done.stdout


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_deployment_takes_the_named_image(name: str) -> None:
    """Values and namespace of its environment, whatever else is said; the image asked for; back on failure."""
    command = would_run(f"deploy-{name}", "KUBE_CONTEXT=here", "IMAGE=an/image", "TAG=abc", "ENVIRONMENT=other")

    for part in (
        "helm --kube-context=here",
        f"--namespace=codes-{name}",
        f"-f helm/values-{name}.yaml",
        "--set image.repository=an/image --set image.tag=abc --set rollOut=full",
        "--atomic",
    ):
        assert part in command


def test_a_partial_roll_out_differs_from_a_whole_roll_out_by_one_value() -> None:
    """And by the note in Helm's history that a rollback looks for."""
    asked = ("KUBE_CONTEXT=here", "IMAGE=an/image", "TAG=abc", "ENVIRONMENT=prod")

    whole, partial = would_run("deploy-prod", *asked), would_run("partial", *asked)

    assert partial == whole.replace("=full", "=partial").replace('"roll-out: full"', '"roll-out: partial"').replace(
        "make deploy-prod", "make partial"
    )


HISTORY: Final = """\
REVISION UPDATED STATUS     CHART       APP VERSION DESCRIPTION
1        Mon     superseded codes-0.1.0 0.1.0       roll-out: full
2        Tue     superseded codes-0.1.0 0.1.0       roll-out: partial
3        Tue     deployed   codes-0.1.0 0.1.0       roll-out: full
"""


@pytest.mark.parametrize(("passes", "done"), [(True, ["test"]), (False, ["test", "history", "rollback codes 1"])])
def test_a_failed_gate_returns_to_the_last_whole_roll_out(tmp_path: Path, *, passes: bool, done: list[str]) -> None:
    """Not to the partial roll-out of the same version. The job fails; if the test passes, nothing else happens."""
    helm = tmp_path / "helm"
    (tmp_path / "history").write_text(HISTORY)
    helm.write_text(
        f'#!/bin/sh\nshift 2; echo "$*" >> {tmp_path}/asked\n'
        f"case $1 in history) cat {tmp_path}/history;; test) exit {0 if passes else 1};; esac\n"
    )
    helm.chmod(0o755)

    ended = make("gate", "KUBE_CONTEXT=here", environment={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    asked = (tmp_path / "asked").read_text().splitlines()

    assert passes is (0 == ended.returncode)
    assert len(done) == len(asked)
    assert all(line.startswith(command) for line, command in zip(asked, done, strict=True))


def test_what_is_scanned_is_what_is_published() -> None:
    """Both take the same file, and publishing builds nothing."""
    assert "docker save -o dist/image.tar an/image:abc" in would_run("archive", "IMAGE=an/image", "TAG=abc")
    assert "--input dist/image.tar --exit-code 1" in would_run("scan")
    assert "docker load -q -i dist/image.tar\ndocker push -q an/image:abc\n" in would_run(
        "publish", "IMAGE=an/image", "TAG=abc"
    )
