"""`codes dev`: the local stack, for people and scripts.

Out:      results on standard output; progress and errors on standard error.
Promise:  exit code 0 done, 1 failed, 2 wrong usage, 3 the stack is not running.
"""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from devstack import stack as local
from devstack.errors import StackError, with_log
from devstack.folder import Report, layout_of
from devstack.joining import Sizes
from devstack.shape import BROKERS_MAX, DATABASE_NODES_MAX, SHARDS_MAX
from devstack.status import PartStatus

FAILED = 1
NOT_RUNNING = 3
STYLES = {"running": "green", "starting": "yellow", "stopped": "dim", "dead": "red"}

app = typer.Typer(
    name="dev",
    help="Kafka, a MongoDB database and S3 on this machine, in .stack (CODES_DEV_DIR names another folder).",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Brokers = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=BROKERS_MAX,
        show_default=False,
        help="Kafka brokers, each also a controller. With 3, topics have replication 3 and min.insync.replicas 2.",
    ),
]
DatabaseNodes = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=DATABASE_NODES_MAX,
        show_default=False,
        help="Members of the replica set, or of each shard. More than 1 need mongod on the PATH.",
    ),
]
DatabaseShards = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=SHARDS_MAX,
        show_default=False,
        help="Shards, with a config server and a router; 0 is none. They need mongod and mongos on the PATH.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Wipe = Annotated[bool, typer.Option("--wipe", help="Also delete the data.")]


@app.command(
    epilog="Examples: codes dev up && env $(codes dev env) codes worker; codes dev up --brokers 3 --database-nodes 3"
)
def up(
    brokers: Brokers = None,
    database_nodes: DatabaseNodes = None,
    database_shards: DatabaseShards = None,
    json_: Json = False,
) -> None:
    """Start the stack, or join it. A node that died is reported with the end of its log, and restarted.

    A new stack has one node of each part; the options give it more. A running stack keeps its nodes: stop it before
    you start it with other options. Each choice has data of its own.
    """
    sizes: Sizes = {"brokers": brokers, "database_nodes": database_nodes, "database_shards": database_shards}
    with _progress() as report:
        running = local.up(report=report, **sizes)
    if json_:
        _print_json({"started_by_this_call": running.started_by_this_call, "environment": running.environment()})
    else:
        _print_parts(local.status())


@app.command(epilog="Examples: codes dev down; codes dev down --wipe")
def down(wipe: Wipe = False, json_: Json = False) -> None:
    """Stop the stack. The data of Kafka and the database is kept unless --wipe is given; S3 objects are lost."""
    with _progress() as report:
        stopped = local.down(wipe=wipe, report=report)
    if json_:
        _print_json({"stopped": stopped, "wiped": wipe})
    else:
        typer.echo(f"stopped {', '.join(stopped)}" if stopped else "nothing was running")


@app.command(epilog="Examples: codes dev status; codes dev status --json")
def status(json_: Json = False) -> None:
    """Show the state of each node. Exit code 0 if all run, 3 if not, 1 if one died."""
    with _reported_errors():
        parts = local.status()
    if json_:
        _print_json([part.model_dump(mode="json") for part in parts])
    else:
        _print_parts(parts)
    states = {part.state for part in parts}
    if states != {"running"}:
        raise typer.Exit(FAILED if "dead" in states else NOT_RUNNING)


@app.command(epilog="Examples: env $(codes dev env) codes worker; codes dev env > .env")
def env(json_: Json = False) -> None:
    """Print the variables that another program needs, as KEY=VALUE lines. Exit code 3 if the stack is not running."""
    with _reported_errors():
        running = local.current()
    if running is None:
        typer.echo("the local stack does not run: codes dev up", err=True)
        raise typer.Exit(NOT_RUNNING)
    if json_:
        _print_json(running.environment())
    else:
        typer.echo("\n".join(f"{key}={value}" for key, value in running.environment().items()))


@contextmanager
def _reported_errors() -> Iterator[None]:
    try:
        yield
    except (StackError, OSError) as error:  # an OSError names the file or the port
        typer.echo(str(error), err=True)
        raise typer.Exit(FAILED) from error


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt here, whatever it does elsewhere: what this command started must be stopped."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _progress() -> Iterator[Report]:
    """Show progress: one changing line on a terminal, plain lines elsewhere. Messages of several lines stay."""
    import devstack.starting  # noqa: F401, PLC0415  # an import that Ctrl-C interrupts prints a traceback

    console = Console(stderr=True, soft_wrap=True)
    with _interruptible(), _reported_errors(), console.status("the local stack") as moving:

        def report(message: str) -> None:
            if console.is_terminal and "\n" not in message:
                moving.update(message)
            else:
                console.print(message, markup=False, highlight=False)

        yield report


def _print_parts(parts: list[PartStatus]) -> None:
    table = Table("node", "state", "engine", "version", "port", "pid", box=None, pad_edge=False)
    for part in parts:
        cells = (part.engine, part.version, part.port, part.pid)
        state = f"[{STYLES[part.state]}]{part.state}[/]"
        table.add_row(part.name, state, *("-" if cell is None else str(cell) for cell in cells))
    Console().print(table)
    typer.echo(f"logs: {layout_of(None).log('*')}")
    for part in parts:
        if part.state == "dead":
            typer.echo(with_log(f"{part.name} died", part.log_end))


def _print_json(value: object) -> None:
    json.dump(value, sys.stdout, indent=2)
    sys.stdout.write("\n")
