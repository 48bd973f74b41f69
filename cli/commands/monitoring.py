"""`codes monitoring`: writes the alert rules for Prometheus and the dashboard for Grafana.

Out:      `alerts.yaml` and `dashboard.json`; existing files are replaced.
"""

from pathlib import Path
from typing import Annotated, Final

import typer

from cli.commands.printing import Json, print_json
from ops.monitoring.alert import RUNBOOKS

ALERTS_FILE: Final = "alerts.yaml"
DASHBOARD_FILE: Final = "dashboard.json"


def monitoring(
    out: Annotated[Path, typer.Option("--out", file_okay=False, help="Output folder.")],
    runbooks: Annotated[
        str, typer.Option("--runbooks", help="Address of the runbooks, to which alerts link.")
    ] = RUNBOOKS,
    json_: Json = False,
) -> None:
    """Write the alert rules and the dashboard of this version."""
    out.mkdir(parents=True, exist_ok=True)
    for name, text in files(runbooks).items():
        (out / name).write_text(text)
        if not json_:
            typer.echo(out / name)
    if json_:
        print_json({"files": [str(out / name) for name in (ALERTS_FILE, DASHBOARD_FILE)]})


def files(runbooks: str) -> dict[str, str]:
    from ops.monitoring.alert import rules_yaml
    from ops.monitoring.dashboard import dashboard_json
    from ops.monitoring.rows import ROWS
    from ops.monitoring.rules import GROUPS

    return {ALERTS_FILE: rules_yaml(GROUPS, runbooks), DASHBOARD_FILE: dashboard_json(ROWS)}
