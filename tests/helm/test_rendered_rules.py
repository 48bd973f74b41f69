"""The rules as the chart renders them, read by Prometheus's own tool."""

import subprocess
from pathlib import Path

import yaml

from tests.helm.tools import of_kind, render
from tests.monitoring.tools import tool

WIKI = 'prometheusRule={"enabled": true, "runbooks": "https://wiki.example/runbooks"}'


def test_prometheus_takes_the_rules(tmp_path: Path) -> None:
    """As promtool reads them."""
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump(of_kind(render("", WIKI), "PrometheusRule")["codes"]["spec"]))

    done = subprocess.run(  # noqa: S603  # our file
        [tool("promtool"), "check", "rules", str(file)], capture_output=True, text=True, check=False
    )

    assert 0 == done.returncode, done.stderr
