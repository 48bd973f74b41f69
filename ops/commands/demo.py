"""`codes demo`: the whole service on this machine, with made-up fans, and an audit of what came of them.

Out:      progress on standard error; a table, then one line of figures on standard output.
Promise:  exit code 0 only if nothing was lost, doubled or leaked, and the counts agree. Ctrl-C at any moment leaves
          nothing running.
"""

import sys
from typing import Annotated

import typer

from ops.commands.printing import complain, table_console
from ops.exits import Exit

INTERRUPTED = 130
"""What a shell says of a program that Ctrl-C ended."""


def demo(
    *,
    requests: Annotated[int, typer.Option("--requests", min=100, help="Records to send.")] = 2_500,
    codes: Annotated[int, typer.Option("--codes", min=100, help="Codes to import.")] = 6_000,
    seed: Annotated[int, typer.Option("--seed", help="The same seed sends the same.")] = 1,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the stack running, and the data in it.")] = False,
) -> None:
    """Start everything on this machine, import codes, send mixed requests, and audit every answer."""
    from rich.console import Console

    from devstack import StackError
    from ops.demo.interrupts import as_one
    from ops.demo.run import run_demo
    from ops.demo.screen import Screen
    from ops.demo.summary import last_line, print_summary
    from ops.demo.traffic import Size

    try:
        with as_one():
            outcome = run_demo(Size(requests, codes, seed), Screen(Console(stderr=True)), keep=keep)
    except KeyboardInterrupt:
        complain("the demo was ended; nothing of it runs any more")
        raise typer.Exit(INTERRUPTED) from None
    except StackError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(Exit.FAILED) from None
    sys.stderr.flush()
    print_summary(outcome, table_console())
    if keep:
        _say_where(outcome.environment["CODES_MONGO__DATABASE"])
    typer.echo(last_line(outcome))
    raise typer.Exit(Exit.OK if outcome.is_good else Exit.FAILED)


def _say_where(name: str) -> None:
    """How to look at what was kept."""
    typer.echo(f"kept: CODES_TOPICS__PREFIX={name}. CODES_MONGO__DATABASE={name}; look with, for example:")
    typer.echo(f"  env $(codes dev env) CODES_MONGO__DATABASE={name} codes show campaign demo-spring")
