"""Helm: the one that is installed, never one that is fetched.

Out: `ENVIRONMENTS`, `values_of`, `render`, `refusal`, `left_out`.
"""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from tests.places import ROOT

CHART: Final = ROOT / "helm" / "codes"
ENVIRONMENTS: Final = ("dev", "qa", "preprod", "prod")
KUBERNETES: Final = "1.34.0"
IMAGE: Final = 'image.repository="registry.example/code-service"'
"""What has no default, where no environment's values say it."""
LEFT_OUT: Final = "left out: the Helm chart: no helm on the PATH (https://helm.sh/docs/intro/install)"
TIMEOUT_S: Final = 60
Object = dict[str, Any]


def left_out() -> bool:
    """Whether what needs Helm is left out: on a user's machine that lacks it. In CI it fails then."""
    return shutil.which("helm") is None and not os.environ.get("CI")


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Helm's answer to a command."""
    path = shutil.which("helm")
    assert path is not None, LEFT_OUT
    return subprocess.run(  # noqa: S603  # the chart and its values are ours
        [path, *arguments], capture_output=True, text=True, check=False, timeout=TIMEOUT_S
    )


def values_of(environment: str) -> Path:
    """The file of an environment's values, beside the chart."""
    return CHART.parent / f"values-{environment}.yaml"


def template(
    environment: str, *values: str, kubernetes: str = KUBERNETES, options: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """The chart with an environment's values, and others as `--set-json` takes them."""
    file = ["--values", str(values_of(environment))] if environment else ["--set-json", IMAGE]
    more = [part for value in values for part in ("--set-json", value)]
    release = ["codes", str(CHART), "--namespace", "shop", "--kube-version", kubernetes]
    return helm("template", *release, *file, *more, *options)


@cache
def render(
    environment: str = "", *values: str, kubernetes: str = KUBERNETES, options: tuple[str, ...] = ()
) -> tuple[Object, ...]:
    """Every object that is made."""
    done = template(environment, *values, kubernetes=kubernetes, options=options)
    assert 0 == done.returncode, done.stderr
    return tuple(found for found in yaml.safe_load_all(done.stdout) if found)


def refusal(*values: str, environment: str = "") -> str:
    """Why a chart with these values is not made."""
    done = template(environment, *values)
    assert 0 != done.returncode
    return done.stderr


def of_kind(objects: tuple[Object, ...], *kinds: str) -> dict[str, Object]:
    """Those of some kinds, by name."""
    return {found["metadata"]["name"]: found for found in objects if found["kind"] in kinds}


def container(workload: Object) -> Object:
    """The only container of its pod."""
    [found] = workload["spec"]["template"]["spec"]["containers"]
    assert isinstance(found, dict)
    return found
