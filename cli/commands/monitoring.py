"""`codes monitoring`: writes the alert rules for Prometheus and the dashboard for Grafana.

In:       the deployment that the rules watch.
Out:      `alerts.yaml` and `dashboard.json`; existing files are replaced.
"""

from pathlib import Path
from typing import Annotated, Final

import typer

from cli.commands.printing import Json, print_json, wrong_usage
from ops.monitoring.alert import RUNBOOKS
from ops.monitoring.scope import NAMESPACE, RELEASE, REPLICAS, Scope

ALERTS_FILE: Final = "alerts.yaml"
DASHBOARD_FILE: Final = "dashboard.json"


def monitoring(
    out: Annotated[Path, typer.Option("--out", file_okay=False, help="Output folder.")],
    runbooks: Annotated[
        str, typer.Option("--runbooks", help="Address of the runbooks, to which alerts link.")
    ] = RUNBOOKS,
    namespace: Annotated[
        str, typer.Option("--namespace", help="Label `namespace` of the deployment's series.")
    ] = NAMESPACE,
    release: Annotated[str, typer.Option("--release", help="Label `release` of the deployment's series.")] = RELEASE,
    replicas: Annotated[
        list[str] | None,
        typer.Option("--replicas", help="ROLE=N: replicas that should run; 0: not deployed. Repeatable."),
    ] = None,
    json_: Json = False,
) -> None:
    """Write the alert rules of one deployment, and the dashboard, of this version."""
    scope = Scope(namespace, release, dict(map(_replicas, replicas or ())))
    out.mkdir(parents=True, exist_ok=True)
    for name, text in files(runbooks, scope).items():
        (out / name).write_text(text)
        if not json_:
            typer.echo(out / name)
    if json_:
        print_json({"files": [str(out / name) for name in (ALERTS_FILE, DASHBOARD_FILE)]})


def _replicas(option: str) -> tuple[str, int]:
    role, _, number = option.partition("=")
    if role not in REPLICAS or not number.isdecimal():
        raise wrong_usage(f"--replicas {option}: ROLE=N with one of the roles {', '.join(REPLICAS)}")
    return role, int(number)


def files(runbooks: str, scope: Scope = Scope()) -> dict[str, str]:  # noqa: B008  # frozen
    from ops.monitoring.alert import rules_yaml
    from ops.monitoring.dashboard import dashboard_json
    from ops.monitoring.rows import ROWS
    from ops.monitoring.rules import GROUPS

    return {ALERTS_FILE: scope.of(rules_yaml(GROUPS, runbooks)), DASHBOARD_FILE: dashboard_json(ROWS)}
