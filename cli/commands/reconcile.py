"""`codes reconcile`: compares the inventory's shards with the codes; can correct them and publish all of them again.

Out:      a row for each count that drifts, and a line of sums; or one JSON object. Never a code's value.
Promise:  reads only, unless `--repair` or `--retell` is given. Exit code 0 if there is no drift, or none after the
          repair, and with `--reservations` no inconsistency; otherwise 1.
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.commands.printing import Json, complain, print_json, table_console
from ops.exit_codes import Exit

if TYPE_CHECKING:
    from audit.reconcile.reconciling import Report
    from handlers.inventory.reconcile import Line


Campaigns = Annotated[
    list[str] | None,
    typer.Option("--campaign", help="Reconcile only this campaign; may be repeated.", show_default=False),
]
Repair = Annotated[
    bool, typer.Option("--repair", help="Correct drifting counts, and publish the corrections to inventory.v1.")
]
Retell = Annotated[
    bool, typer.Option("--retell", help="Publish all counts to inventory.v1 again, as needed after a restore.")
]
Reservations = Annotated[
    bool, typer.Option("--reservations", help="List reservations and codes that disagree; reads all of both.")
]
All = Annotated[bool, typer.Option("--all", help="Also show counts that agree.")]


def reconcile(
    *,
    campaign: Campaigns = None,
    repair: Repair = False,
    retell: Retell = False,
    reservations: Reservations = False,
    all_: All = False,
    json_: Json = False,
) -> None:
    """Compare the inventory's shards with the codes, in one snapshot per campaign.

    Safe to run while the service is running: a change in progress is in both counts, or in neither.
    """
    from audit.reconcile import comparing, reconciling
    from cli.interrupts import run
    from ops.settings.load import load_settings

    settings, campaigns = load_settings(), campaign or []
    report = run(reconciling.reconcile(settings, campaigns, repair=repair, retell=retell, keep_all=all_))
    if reservations:
        print_finding = print_json if json_ else _print_finding
        report.inconsistent = run(comparing.compare(settings, campaigns, print_finding))
    if json_:
        print_json(_fields_of(report))
    else:
        _print(report, retell=retell)
    for campaign_id in report.removed if campaigns else ():
        complain(f"campaign {campaign_id} is archived or purged")
    for campaign_id in report.unknown:
        complain(f"there is no campaign {campaign_id}")
    raise typer.Exit(Exit.FAILED if report.remaining or report.unknown or report.inconsistent else Exit.OK)


def _fields_of(report: "Report") -> dict[str, Any]:
    names = ("campaigns", "codes", "drift", "remaining", "marked", "retold", "unknown", "removed")
    sums = {name: getattr(report, name) for name in names}
    if report.inconsistent is not None:
        sums["inconsistent"] = report.inconsistent
    return {**sums, "lines": [_row(line) for line in report.lines]}


def _row(line: "Line") -> dict[str, Any]:
    return {**line.key._asdict(), "by_shards": line.by_shards, "by_codes": line.by_codes, "drift": line.drift}


def _print(report: "Report", *, retell: bool) -> None:
    if report.lines:
        _print_lines(report.lines)
    sums = f"campaigns {report.campaigns:,}, codes {report.codes:,}, drift {report.drift:,}"
    if report.drift != report.remaining:
        sums = f"{sums}, after the repair {report.remaining:,}"
    if report.marked:
        sums = f"{sums}, codes marked as returned {report.marked:,}"
    if report.inconsistent is not None:
        sums = f"{sums}, inconsistent {report.inconsistent:,}"
    typer.echo(f"{sums}, shards retold {report.retold:,}" if retell else sums)


def _print_finding(fields: dict[str, Any]) -> None:
    """Print one finding at once: there may be too many to collect."""
    typer.echo("{kind} {id}, campaign {campaign_id}: {reason}".format(**fields))


def _print_lines(lines: "list[Line]") -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("campaign", "type", "status"):
        table.add_column(name, overflow="fold")
    for name in ("by shards", "by codes", "drift"):
        table.add_column(name, justify="right", no_wrap=True)
    for line in lines:
        table.add_row(
            *line.key, f"{line.by_shards:,}", f"{line.by_codes:,}", f"{line.drift:+,}" if line.drift else "0"
        )
    table_console().print(table)
