"""`codes monitoring`: writes the alert rules for Prometheus and the dashboard for Grafana.

Out:      `alerts.yaml` and `dashboard.json`; existing files are replaced.
"""

from pathlib import Path
from typing import Annotated, Final

import typer

from ops.monitoring.alert import RUNBOOKS

ALERTS_FILE: Final = "alerts.yaml"
DASHBOARD_FILE: Final = "dashboard.json"


def monitoring(
    out: Annotated[Path, typer.Option("--out", file_okay=False, help="Output folder.")],
    runbooks: Annotated[
        str, typer.Option("--runbooks", help="Address of the runbooks, to which alerts link.")
    ] = RUNBOOKS,
) -> None:
    """Write the alert rules and the dashboard of this version."""
    out.mkdir(parents=True, exist_ok=True)
    for name, text in files(runbooks).items():
        (out / name).write_text(text)
        typer.echo(out / name)


def files(runbooks: str) -> dict[str, str]:
    from ops.monitoring.alert import rules_yaml
    from ops.monitoring.dashboard import dashboard_json
    from ops.monitoring.rows import ROWS
    from ops.monitoring.rules import GROUPS

    return {ALERTS_FILE: rules_yaml(GROUPS, runbooks), DASHBOARD_FILE: dashboard_json(ROWS)}
