"""`codes canary`: reserves, asks to assign and releases in a campaign of its own, and measures the answers.

Out:      with `--once` one round as text or as one JSON object; otherwise a process with metrics on its ops port.
Promise:  exit code 0 if every answer was as it must be; 1 if one was not; 3 if Kafka is unavailable; 4 if an answer
          did not come in time. The campaign never runs out.
"""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.commands.printing import Json, complain, print_json, wrong_usage
from cli.commands.sources import Bucket
from ops.exit_codes import Exit

if TYPE_CHECKING:
    from cli.canary.rounds import Round
    from schemas.observation.canary import RoundOutcome

EXITS: Final[dict["RoundOutcome", Exit]] = {
    "ok": Exit.OK,
    "wrong_answer": Exit.FAILED,
    "no_answer": Exit.TIMED_OUT,
    "unavailable": Exit.UNREACHABLE,
}
IMPORT_TIMEOUT_S: Final = 120.0
NOT_PREPARED: Final = ("unknown_campaign", "out_of_stock")
EVERY_S: Final = 60.0


def canary(
    *,
    once: Annotated[bool, typer.Option("--once", help="Run one round, print it, and exit.")] = False,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Import 100 random codes into the campaign, and exit.")
    ] = False,
    every_s: Annotated[
        float, typer.Option("--every-s", "--every", min=1, max=3600, help="Interval of the rounds, in seconds.")
    ] = EVERY_S,
    timeout_s: Annotated[
        float, typer.Option("--timeout-s", "--timeout", min=0.1, max=30, help="Wait so long for each answer.")
    ] = 10.0,
    campaign: Annotated[str, typer.Option("--campaign", help="The canary's own campaign.")] = "canary",
    bucket: Bucket = None,
    json_: Json = False,
) -> None:
    """Send requests as any program would, and measure their answers, once or until SIGTERM."""
    if prepare and once:
        raise wrong_usage("--prepare and --once: run them one after the other")
    if prepare:
        _prepare(campaign, bucket, json_)
    elif once:
        _once(campaign, timeout_s, json_)
    elif json_:
        raise wrong_usage("--json is for --once and --prepare; the log is JSON already")
    else:
        _serve(campaign, every_s, timeout_s)


def _prepare(campaign: str, bucket: str | None, json_: bool) -> None:
    """As `codes publish import` would."""
    from cli.canary.stock import codes_file
    from cli.commands.publish import import_

    with codes_file() as file:
        import_(
            campaign=campaign, source=str(file), bucket=bucket, wait=True, timeout_s=IMPORT_TIMEOUT_S, json_=json_
        )


def _once(campaign: str, timeout_s: float, json_: bool) -> None:
    from cli.canary.rounds import run_round
    from cli.canary.serving import Unobserved
    from cli.interrupts import run
    from ops.settings.load import load_settings

    ended = run(run_round(load_settings(), campaign, timeout_s, Unobserved()))
    _print(ended, json_)
    _advise(ended, campaign)
    raise typer.Exit(EXITS[ended.outcome])


def _serve(campaign: str, every_s: float, timeout_s: float) -> None:
    from cli.canary.serving import ROLE, serve
    from cli.interrupts import run
    from ops.settings.load import load_settings
    from ops.telemetry.log import configure_logging

    settings = load_settings()
    configure_logging(settings.log, role=ROLE)
    run(serve(settings, campaign, every_s, timeout_s))


def _print(ended: "Round", json_: bool) -> None:
    steps = [
        {"step": answered.step, "seconds": round(answered.seconds, 3), "outcome": answered.outcome}
        | {"reason": answered.reason, "is_right": answered.is_right}
        for answered in ended.steps
    ]
    if json_:
        print_json({"outcome": ended.outcome, "steps": steps})
        return
    for step in steps:
        said = step["reason"] or step["outcome"] or "no answer"
        typer.echo(f"{step['step']:<8} {step['seconds']:7.3f} s  {said}{'' if step['is_right'] else '  WRONG'}")
    typer.echo(f"canary: {ended.outcome}")


def _advise(ended: "Round", campaign: str) -> None:
    """What a reader of a failed round does not see in it."""
    if ended.error is not None:
        from cli.exits import error_line

        complain(error_line(ended.error))
    if any(answered.reason in NOT_PREPARED for answered in ended.steps):
        complain(f"campaign {campaign} has no codes: codes canary --prepare")
