"""`codes demo`: the whole service with simulated fans, locally or on a running deployment, followed by an audit.

Out:      progress on standard error; a table, then one line of figures on standard output.
Promise:  exit code 0 only if nothing was lost, doubled or leaked, and the counts agree. Ctrl-C at any time leaves
          no process running.
"""

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.commands.printing import Json, complain, print_json, table_console
from ops.exit_codes import Exit

if TYPE_CHECKING:
    from cli.demo.run import Outcome

INTERRUPTED = 130
"""A shell's exit code for a program that was ended by Ctrl-C."""


def demo(
    *,
    requests: Annotated[int, typer.Option("--requests", min=100, help="Number of records to send.")] = 2_500,
    codes: Annotated[int, typer.Option("--codes", min=100, help="Number of codes to import.")] = 6_000,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the random traffic.")] = 1,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the local stack running, with its data.")] = False,
    stack: Annotated[
        Literal["local", "running"],
        typer.Option(
            "--stack",
            help="`local`: start a stack and roles for the demo. `running`: use the deployment in the settings, "
            "which must be empty, with its running roles; the data stays.",
        ),
    ] = "local",
    json_: Json = False,
) -> None:
    """Start the whole service on this machine, import codes, send mixed requests, and audit every answer."""
    from cli.demo.summary import fields_of, last_line, print_summary

    outcome = _run(requests, codes, seed, keep=keep, is_local=stack == "local")
    sys.stderr.flush()
    if json_:
        print_json(fields_of(outcome))
        raise typer.Exit(Exit.OK if outcome.is_good else Exit.FAILED)
    print_summary(outcome, table_console())
    if keep and stack == "local":
        _print_location(outcome.environment["CODES_MONGO__DATABASE"])
    typer.echo(last_line(outcome))
    raise typer.Exit(Exit.OK if outcome.is_good else Exit.FAILED)


def _run(requests: int, codes: int, seed: int, *, keep: bool, is_local: bool) -> "Outcome":
    """Run the demo. Exits the command if the demo cannot start or is interrupted."""
    from rich.console import Console

    from cli.demo.interrupts import as_keyboard_interrupt
    from cli.demo.run import run_demo
    from cli.demo.running import run_on_running
    from cli.demo.screen import Screen
    from cli.demo.traffic import Size
    from devstack import StackError

    size, screen = Size(requests, codes, seed), Screen(Console(stderr=True))
    try:
        with as_keyboard_interrupt():
            return run_demo(size, screen, keep=keep) if is_local else run_on_running(size, screen)
    except KeyboardInterrupt:
        complain("demo interrupted; its processes have ended")
        raise typer.Exit(INTERRUPTED) from None
    except StackError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(Exit.FAILED) from None


def _print_location(name: str) -> None:
    typer.echo(f"kept: CODES_TOPICS__PREFIX={name}. CODES_MONGO__DATABASE={name}; for example:")
    typer.echo(f"  env $(codes dev env) CODES_MONGO__DATABASE={name} codes show campaign demo-spring")
