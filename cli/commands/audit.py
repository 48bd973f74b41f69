"""`codes audit`: checks a deployment's promises against its topics and its database.

Out:      what was checked and what was found, as text or as one JSON object. Never a code's value.
Promise:  reads only. Exit code 0 without findings, 1 with findings, 5 without findings if not everything could be
          judged: then the last line says how much, and why.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.commands.printing import Json, complain, print_fields, print_json, wrong_usage
from ops.exit_codes import Exit

if TYPE_CHECKING:
    from audit.report import AuditReport
    from audit.topics import Scope

FINDINGS_SHOWN: Final = 20
SOUND: Final = "nothing lost, nothing doubled, no drift, no leak, nothing overdue, no request refused wrongly"


Campaigns = Annotated[list[str] | None, typer.Option("--campaign", help="Audit only this campaign; may be repeated.")]
Since = Annotated[
    str | None, typer.Option("--since", help="Only requests since this time: RFC 3339, or an age such as 2h or 7d.")
]
Until = Annotated[
    str | None, typer.Option("--until", help="Only requests before this time; same formats as --since.")
]
Texts = Annotated[
    list[Path] | None,
    typer.Option("--text", exists=True, dir_okay=False, help="Search this log file for codes; may be repeated."),
]


def audit(
    *, campaign: Campaigns = None, since: Since = None, until: Until = None, text: Texts = None, json_: Json = False
) -> None:
    """Check that nothing is lost or doubled, that the counts agree, and that no code has leaked.

    Reads every topic and collection. Safe to run while the service is running.
    """
    from audit.deployment import audit_deployment
    from cli.interrupts import run
    from ops.settings.load import load_settings

    texts = {str(path): path.read_text(errors="replace") for path in text or ()}
    scope = _scope(campaign or (), since, until)
    report = run(audit_deployment(load_settings(), scope, texts), clean_up_s=None)  # it has a large file to remove
    _print(report, json_=json_)
    raise typer.Exit(_code(report))


def _scope(campaigns: "list[str] | tuple[()]", since: str | None, until: str | None) -> "Scope":
    from datetime import UTC, datetime

    from audit.instants import instant_ms
    from audit.terms import ALWAYS_MS
    from audit.topics import Scope

    now, window = datetime.now(UTC), {"--since": 0, "--until": ALWAYS_MS}
    for option, typed in (("--since", since), ("--until", until)):
        try:
            window[option] = window[option] if typed is None else instant_ms(typed, now)
        except ValueError:
            raise wrong_usage(f"{option}: expected RFC 3339 or a time ago, such as 2h") from None
    if window["--since"] >= window["--until"]:
        raise wrong_usage("--until: must be after --since")
    return Scope(frozenset(campaigns), window["--since"], window["--until"])


def _code(report: "AuditReport") -> Exit:
    if not report.sound:
        return Exit.FAILED
    return Exit.NOT_JUDGED if report.not_judged else Exit.OK


def _print(report: "AuditReport", *, json_: bool) -> None:
    from dataclasses import asdict

    if json_:
        print_json(asdict(report))
        return
    print_fields(asdict(report.tally))
    for claim in report.checked:
        typer.echo(f"checked: {claim}")
    for reason in report.left_out:
        typer.echo(f"left out: {reason}")
    _complain(report)
    if report.not_judged:
        typer.echo(f"not judged: {'; '.join(report.not_judged)}")
    elif report.sound:
        typer.echo(SOUND)


def _complain(report: "AuditReport") -> None:
    from typing import get_args

    from audit.report import Kind

    for finding in report.findings[:FINDINGS_SHOWN]:
        complain(f"{finding.kind}: {finding.what}")
    if len(report.findings) > FINDINGS_SHOWN:
        counts = ((kind, report.count(kind)) for kind in get_args(Kind))
        complain(f"findings: {', '.join(f'{count} {kind}' for kind, count in counts if count)}")
