"""`codes demo`: the whole service with made-up fans, on this machine or where it runs, and an audit of it.

Out:      progress on standard error; a table, then one line of figures on standard output.
Promise:  exit code 0 only if nothing was lost, doubled or leaked, and the counts agree. Ctrl-C at any moment leaves
          nothing running.
"""

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.commands.printing import complain, table_console
from ops.exit_codes import Exit

if TYPE_CHECKING:
    from cli.demo.run import Outcome

INTERRUPTED = 130
"""What a shell says of a program that Ctrl-C ended."""


def demo(
    *,
    requests: Annotated[int, typer.Option("--requests", min=100, help="Records to send.")] = 2_500,
    codes: Annotated[int, typer.Option("--codes", min=100, help="Codes to import.")] = 6_000,
    seed: Annotated[int, typer.Option("--seed", help="The same seed sends the same.")] = 1,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the local stack running, and the data in it.")] = False,
    stack: Annotated[
        Literal["local", "running"],
        typer.Option(
            "--stack",
            help="`local`: started for it, with roles of its own. `running`: the empty deployment that the settings "
            "lead to, with the roles that run there; its data stays.",
        ),
    ] = "local",
) -> None:
    """Start everything on this machine, import codes, send mixed requests, and audit every answer."""
    from cli.demo.summary import last_line, print_summary

    outcome = _played(requests, codes, seed, keep=keep, is_local=stack == "local")
    sys.stderr.flush()
    print_summary(outcome, table_console())
    if keep and stack == "local":
        _say_where(outcome.environment["CODES_MONGO__DATABASE"])
    typer.echo(last_line(outcome))
    raise typer.Exit(Exit.OK if outcome.is_good else Exit.FAILED)


def _played(requests: int, codes: int, seed: int, *, keep: bool, is_local: bool) -> "Outcome":
    """Play; a demo that cannot begin, or is ended by somebody, ends the command."""
    from rich.console import Console

    from cli.demo.interrupts import as_one
    from cli.demo.run import run_demo
    from cli.demo.running import run_on_running
    from cli.demo.screen import Screen
    from cli.demo.traffic import Size
    from devstack import StackError

    size, screen = Size(requests, codes, seed), Screen(Console(stderr=True))
    try:
        with as_one():
            return run_demo(size, screen, keep=keep) if is_local else run_on_running(size, screen)
    except KeyboardInterrupt:
        complain("the demo was ended; nothing of it runs any more")
        raise typer.Exit(INTERRUPTED) from None
    except StackError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(Exit.FAILED) from None


def _say_where(name: str) -> None:
    """How to look at what was kept."""
    typer.echo(f"kept: CODES_TOPICS__PREFIX={name}. CODES_MONGO__DATABASE={name}; look with, for example:")
    typer.echo(f"  env $(codes dev env) CODES_MONGO__DATABASE={name} codes show campaign demo-spring")
