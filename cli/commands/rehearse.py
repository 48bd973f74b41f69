"""`codes rehearse`: sends a sale's requests to a staging deployment, and compares the answers with the objective.

Out:      the report as tables or as one JSON object; how far it is, on standard error.
Promise:  exit code 0 if the objective was met, 1 if it was missed or the campaign does not fit, 5 if nothing can be
          concluded; as `codes canary --once` if the first round fails. A campaign whose name does not begin with
          `rehearsal-` needs a flag.
"""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.commands.printing import Json, complain, print_json, wrong_usage
from cli.commands.rehearse_shape import names_and_files, shape, shape_from
from ops.exit_codes import Exit

if TYPE_CHECKING:
    from cli.rehearsal.plan import Plan
    from cli.rehearsal.verdict import Outcome
    from ops.settings.load import Settings

EXITS: Final[dict["Outcome", Exit]] = {"met": Exit.OK, "missed": Exit.FAILED, "not_judged": Exit.NOT_JUDGED}
IMPORT_TIMEOUT_S: Final = 120.0

app = typer.Typer(
    name="rehearse",
    help="Send a sale's requests to a staging deployment, and compare the answers with the objective.",
    no_args_is_help=True,
    invoke_without_command=True,
    epilog="Examples: codes rehearse --shape opening --rate 2 --campaign rehearsal-1 --prepare --bucket codes; "
    "codes rehearse --shape opening --rate 2 --campaign rehearsal-1",
)
app.command(
    "shape",
    epilog="Examples: codes rehearse shape opening; codes rehearse shape --since 7d --until 6d --out sale.csv",
)(shape)

ShapeName = Annotated[
    str | None,
    typer.Option(
        "--shape",
        help="A CSV file, or a built-in shape: opening, steady.",
        autocompletion=names_and_files,
        show_default=False,
    ),
]
Rate = Annotated[float, typer.Option("--rate", min=0.001, max=10_000, help="Multiply the shape's rates by this.")]
Campaign = Annotated[
    str | None, typer.Option("--campaign", help="Its codes are used up: rehearsal-…", show_default=False)
]
RepeatPercent = Annotated[
    float,
    typer.Option("--repeat-percent", min=0, max=50, help="So many requests are the one before, sent again."),
]
WaitS = Annotated[
    float, typer.Option("--wait-s", "--wait", min=0, max=3_600, help="Wait so long for the last answers.")
]
Confirmed = Annotated[
    bool, typer.Option("--yes-this-uses-up-codes", help="Use a campaign whose name does not begin with rehearsal-.")
]
Bucket = Annotated[
    str | None,
    typer.Option(
        "--bucket",
        help="With --prepare: the bucket that the codes are uploaded to.",
        show_default="the first of CODES_S3__ALLOWED_BUCKETS",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be sent, check the campaign, send nothing.")]
Prepare = Annotated[
    bool, typer.Option("--prepare", help="Import as many random codes as the rehearsal can use, and exit.")
]


@app.callback()
def rehearse(
    context: typer.Context,
    *,
    shape_name: ShapeName = None,
    rate: Rate = 1.0,
    campaign: Campaign = None,
    repeat_percent: RepeatPercent = 5.0,
    wait_s: WaitS = 30.0,
    confirmed: Confirmed = False,
    dry_run: DryRun = False,
    prepare: Prepare = False,
    bucket: Bucket = None,
    json_: Json = False,
) -> None:
    """Send a sale's requests to a staging deployment, and compare the answers with the objective."""
    if context.invoked_subcommand is not None:
        return
    from cli.rehearsal.plan import Plan, why_not_marked, why_too_large

    if shape_name is None or campaign is None:
        raise wrong_usage("--shape and --campaign are needed")
    plan = Plan(shape_from(shape_name), rate, campaign, repeat_percent, wait_s)
    why = why_too_large(plan) or why_not_marked(campaign, confirmed and not prepare)
    if why is not None:
        raise wrong_usage(why)
    complain(plan.as_text())
    if prepare:
        _prepare(plan, bucket, json_)
    else:
        _rehearse(plan, dry_run, json_)


def _prepare(plan: "Plan", bucket: str | None, json_: bool) -> None:
    """As `codes publish import` would."""
    from cli.canary.stock import codes_file
    from cli.commands.publish import import_

    with codes_file(plan.codes, "REHEARSAL") as file:
        import_(
            campaign=plan.campaign_id,
            source=str(file),
            bucket=bucket,
            wait=True,
            timeout_s=IMPORT_TIMEOUT_S,
            json_=json_,
        )


def _rehearse(plan: "Plan", dry_run: bool, json_: bool) -> None:
    from ops.settings.load import load_settings

    settings = load_settings()
    _check(settings, plan, dry_run, json_)
    if not dry_run:
        _first_round(settings, plan.campaign_id)
        _run(settings, plan, json_)


def _check(settings: "Settings", plan: "Plan", dry_run: bool, json_: bool) -> None:
    """Exits if the campaign is not open, or has too few codes."""
    from cli.commands.rehearse_output import print_plan
    from cli.interrupts import run
    from cli.rehearsal.checks import campaign_of
    from cli.rehearsal.plan import available_in, why_unfit

    found = run(campaign_of(settings, plan.campaign_id))
    if dry_run:
        print_plan(plan, available_in(found), json_)
    why = why_unfit(plan, found)
    if why is not None:
        complain(why)
        raise typer.Exit(Exit.FAILED)


def _run(settings: "Settings", plan: "Plan", json_: bool) -> None:
    """The rehearsal itself; a failure says what was sent before."""
    from cli.commands.rehearse_output import print_report
    from cli.interrupts import run
    from cli.rehearsal.report import report_of
    from cli.rehearsal.run import Rehearsal
    from cli.start import say_when_interrupted
    from schemas.errors import CodeServiceError

    rehearsal = Rehearsal(settings, plan, complain)
    say_when_interrupted(rehearsal.parting_line)
    try:
        report = report_of(run(rehearsal.run()))
    except CodeServiceError:
        complain(rehearsal.parting_line() or "no request was sent")
        raise
    if json_:
        print_json(report)
    else:
        print_report(report)
    raise typer.Exit(EXITS[report["outcome"]])


def _first_round(settings: "Settings", campaign_id: str) -> None:
    """Exits if a request is not answered as it must be."""
    from cli.canary.serving import failed_step, reason_of
    from cli.commands.canary import EXITS as ROUND_EXITS
    from cli.interrupts import run
    from cli.rehearsal.checks import first_round

    ended = run(first_round(settings, campaign_id))
    if ended.outcome != "ok":
        said = ", ".join(filter(None, (failed_step(ended.steps), reason_of(ended))))
        complain(f"the first round failed: {ended.outcome} ({said}); nothing else was sent. See codes doctor")
        raise typer.Exit(ROUND_EXITS[ended.outcome])
