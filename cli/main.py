"""`codes`, the command line: one program for all roles and commands.

In:       arguments and the environment.
Out:      results on standard output, messages on standard error, an exit code of `cli.exits`.
Promise:  a `CodeServiceError` is printed as one line, never as a traceback.
"""

import logging
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli.commands.acl import acl
from cli.commands.actions import app as actions
from cli.commands.audit import audit
from cli.commands.campaigns import app as campaigns
from cli.commands.canary import canary
from cli.commands.config import config
from cli.commands.dead_letters import app as dead_letters
from cli.commands.demo import demo
from cli.commands.doctor import doctor
from cli.commands.fans import app as fans
from cli.commands.imports import app as imports
from cli.commands.metrics import metrics
from cli.commands.migrate import migrate
from cli.commands.monitoring import monitoring
from cli.commands.publish import app as publish
from cli.commands.reconcile import reconcile
from cli.commands.rehearse import app as rehearse
from cli.commands.roles import expirer, importer, inventory, worker
from cli.commands.schemas import app as schemas
from cli.commands.show import app as show
from cli.commands.tail import tail
from cli.commands.top import top
from cli.exits import advice, error_line, exit_code
from cli.start import finish, handle_interrupts
from devstack.cli import app as dev
from ops.exit_codes import Exit
from ops.version import service_version
from schemas.errors import CodeServiceError

EXIT_CODES = """\
[bold]Exit codes[/bold]: 0 success; 1 failed or refused; 2 usage or settings error; 3 Kafka, MongoDB, S3, the \
schema registry or the inventory's API is unavailable; 4 timed out; 5 no findings, but not everything could be \
judged (`codes audit`, `codes rehearse`); 130 interrupted by Ctrl-C; 141 nobody reads the output any more.
"""
EXAMPLES = """\
[bold]Examples[/bold]

[cyan]codes demo[/cyan]   run the whole service on this machine, and audit it

[cyan]codes dev up[/cyan]   start Kafka, MongoDB and S3 on this machine

[cyan]env $(codes dev env) codes migrate[/cyan]   create topics and collections there

[cyan]codes config[/cyan]   show all settings, and the source of each value
"""


class Program(TyperGroup):
    """All commands."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  # its type is private to typer
        """As `codes tail | head` does, a reader may close the pipe: that is no error of the command."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise typer.Exit(Exit.CLOSED_PIPE) from None


app = typer.Typer(
    name="codes",
    cls=Program,
    help=f"Hands out access codes: each code to one fan, each request answered once.\n\n{EXIT_CODES}",
    epilog=EXAMPLES,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def _print_version(requested: bool) -> None:
    if requested:
        typer.echo(f"codes {service_version()}")
        raise typer.Exit(Exit.OK)


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


# Roles.
app.command(epilog="Example: env $(codes dev env) codes worker")(worker)
app.command(epilog="Example: env $(codes dev env) codes importer")(importer)
app.command(epilog="Example: env $(codes dev env) codes expirer")(expirer)
app.command(epilog="Example: env $(codes dev env) codes inventory")(inventory)

# Commands for users.
app.add_typer(publish)
app.command(epilog="Examples: codes tail results.v1; codes tail assigned.v1 --from-beginning --max 10 --json")(tail)
app.add_typer(show)
app.add_typer(imports)
app.add_typer(campaigns)
app.add_typer(fans)
app.command(epilog="Examples: codes top --url http://127.0.0.1:8080; codes top --campaign spring --once")(top)
app.command(
    epilog="Examples: codes demo; codes demo --requests 20000 --codes 50000 --keep; codes demo --stack running"
)(demo)

# Commands for operators.
app.command(epilog="Examples: codes doctor; codes doctor --json")(doctor)
app.command(epilog="Examples: codes canary --prepare --bucket codes; codes canary --once --json; codes canary")(
    canary
)
app.add_typer(rehearse)
app.command(epilog="Examples: codes audit; codes audit --campaign spring --since 2h; codes audit --json")(audit)
app.add_typer(actions)
app.add_typer(dead_letters)
app.command(epilog="Examples: codes reconcile; codes reconcile --repair --retell")(reconcile)
app.command(epilog="Examples: codes migrate; codes migrate --check --json; codes migrate --shard")(migrate)
app.command(epilog="Examples: codes config; codes config --json")(config)
app.command(epilog="Examples: codes acl; codes acl --format terraform > access.tf.json; codes acl --json")(acl)
app.command(epilog="Examples: codes metrics; codes metrics --json")(metrics)
app.command(epilog="Example: codes monitoring --out rules --runbooks https://wiki.example/runbooks")(monitoring)
app.add_typer(schemas)
app.add_typer(dev, name="dev")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; `cli.start` calls it. Exits with a code of `ops.exit_codes`."""
    logging.getLogger().addHandler(logging.NullHandler())  # without it, libraries print warnings to standard error
    try:
        app(list(arguments) if arguments is not None else None)
    except CodeServiceError as error:
        for line in filter(None, (error_line(error), advice(error, os.environ))):
            sys.stderr.write(f"codes: {line}\n")
        sys.exit(exit_code(error))


if __name__ == "__main__":
    handle_interrupts()
    finish(main)
