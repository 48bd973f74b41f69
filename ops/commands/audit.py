"""`codes audit`: whether a deployment keeps its promises, judged from its topics and its database.

Out:      what was checked, what was found; as text or as one JSON object. Never a code's value.
Promise:  reads only. Exit code 0 if nothing was found, 1 if something was.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops.commands.printing import complain, print_fields, print_json
from ops.exits import Exit

if TYPE_CHECKING:
    from ops.audit.report import AuditReport

FINDINGS_SHOWN = 20


def audit(
    *,
    text: Annotated[
        list[Path] | None,
        typer.Option("--text", exists=True, dir_okay=False, help="A log to search for codes; may be repeated."),
    ] = None,
    codes_max: Annotated[int, typer.Option("--codes-max", min=1, help="Codes to keep in memory.")] = 2_000_000,
    records_max: Annotated[int, typer.Option("--records-max", min=1, help="Records to keep in memory.")] = 5_000_000,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check that nothing is lost or doubled, that the counts agree, and that codes stand only where they may.

    Reads every topic and collection. May be run while the service works.
    """
    import asyncio

    from ops.audit.audit import audit as judge
    from ops.audit.reading import Limits, read_history
    from ops.settings import load_settings

    texts = {str(path): path.read_text(errors="replace") for path in text or ()}
    limits = Limits(records_max=records_max, codes_max=codes_max)
    report = judge(asyncio.run(read_history(load_settings(), limits=limits, texts=texts)))
    _print(report, json_=json_)
    raise typer.Exit(Exit.OK if report.sound else Exit.FAILED)


def _print(report: "AuditReport", *, json_: bool) -> None:
    from dataclasses import asdict

    if json_:
        print_json(asdict(report))
        return
    print_fields(asdict(report.tally))
    for claim in report.checked:
        typer.echo(f"checked: {claim}")
    for what in report.left_out:
        typer.echo(f"left out: {what}")
    for finding in report.findings[:FINDINGS_SHOWN]:
        complain(f"{finding.kind}: {finding.what}")
    if len(report.findings) > FINDINGS_SHOWN:
        complain(f"and {len(report.findings) - FINDINGS_SHOWN} findings more: --json shows all")
    if report.sound:
        typer.echo("nothing lost, nothing doubled, no drift, no leak")
