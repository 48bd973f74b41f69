"""A rehearsal's plan and report for people.

In:       the plan; the report, with the keys of docs/scripting.md.
Out:      tables and lines on standard output.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import typer

from cli.commands.printing import print_fields, print_json, table_console

if TYPE_CHECKING:
    from cli.rehearsal.plan import Plan

Json = Mapping[str, Any]

COUNTS: Final = ("sent", "answered", "unanswered")
TIMES: Final = ("p50_s", "p95_s", "p99_s", "max_s")
DOUBTS: Final = {
    "nothing_sent": "no request was sent",
    "sender_late": "the sender was late: run it near the brokers, on a core of its own, or with a lower --rate",
    "left_out": "too many assigns and releases were left out: nothing was held when they were due",
    "refused": "too many requests were refused: a sale that is sold out costs less",
}


def print_plan(plan: "Plan", available: int, json_: bool) -> None:
    """What would be sent."""
    fields = {
        "campaign_id": plan.campaign_id,
        "shape": plan.shape.name,
        "rate": plan.rate,
        "seconds": plan.scaled.seconds,
        "planned": plan.requests,
        "peak_per_s": round(plan.scaled.peak_per_s, 3),
        "needed": plan.codes,
        "available": available,
    }
    if json_:
        print_json({"dry_run": True, **fields, "counts": plan.counts})
        return
    print_fields({**fields, **{f"planned {operation}": count for operation, count in plan.counts.items()}})


def print_report(report: Json) -> None:
    """All that matters on one screen."""
    _print_operations(report)
    for reason, count in report["refused"].items():
        typer.echo(f"refused: {reason} {count:,}")
    worst = report["worst_interval"]
    if worst is not None:
        typer.echo(
            f"worst 10 s: from second {worst['from_s']}, {worst['within_percent']} % in time, p99 "
            f"{seconds(worst['p99_s'])}, max {seconds(worst['max_s'])}"
        )
    sender, lag = report["sender"], report["lag"]
    typer.echo(
        f"sender: late by p99 {seconds(sender['late_p99_s'])}, max {seconds(sender['late_max_s'])}; "
        f"{sender['left_out']:,} left out, {sender['unacknowledged']:,} not acknowledged"
    )
    records = "unknown" if lag["records_max"] is None else f"{lag['records_max']:,} records"
    typer.echo(f"lag: at most {records}, {seconds(lag['age_s_max'])}")
    for command in report["clean_up"]:
        typer.echo(f"to remove what is left: {command}")
    for doubt in report["doubts"]:
        typer.echo(f"doubt: {DOUBTS[doubt]}")
    typer.echo(verdict_of(report))


def verdict_of(report: Json) -> str:
    """The last line."""
    objective = report["objective"]
    margin = objective["margin_s"]
    said = f"{report['within_percent']} % of {report['sent']:,} requests in {objective['answer_within_s']:g} s"
    wanted = f"{objective['answer_percent']:g} % wanted"
    if margin is None:
        return f"rehearsal: {report['outcome']}: {said}, {wanted}; {report['unanswered']:,} without an answer"
    return (
        f"rehearsal: {report['outcome']}: {said}, {wanted}; {objective['answer_percent']:g} % took "
        f"{seconds(objective['within_s'])}, margin {margin:+.3f} s"
    )


def seconds(value: float | None) -> str:
    """A time, or that it is not known."""
    return "unknown" if value is None else f"{value:.3f} s"


def _print_operations(report: Json) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("operation", *COUNTS, "refused", *(name.removesuffix("_s") for name in TIMES)):
        table.add_column(name, justify="left" if name == "operation" else "right", no_wrap=True)
    for row in (*report["operations"], {"operation": "all", **report}):
        counts = [f"{row[name]:,}" for name in COUNTS]
        times = [seconds(row[name]) for name in TIMES]
        table.add_row(row["operation"], *counts, f"{sum(row['refused'].values()):,}", *times)
    table_console().print(table)
