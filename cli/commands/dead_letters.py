"""`codes dead-letters`: lists, shows and replays rejected records; for operators.

Out:      a table, one JSON object or one per line; of a replay what was sent, or would be.
Promise:  contents of a record only with `--reveal`. A replay sends only with `--send`. Exit code 1 if something was
          chosen that cannot be replayed, or does not exist.
"""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.commands.dead_letters_options import (
    AddressArgument,
    Offsets,
    OptionalAddress,
    Partition,
    Reasons,
    Since,
    TimeoutS,
    Topic,
    Until,
    Waiting,
    address_from,
    choice_from,
)
from cli.commands.dead_letters_output import print_account, print_letters, print_summary, print_verdicts
from cli.commands.dead_letters_replay import (
    EditFile,
    Rate,
    SendIt,
    SetFields,
    UnsetFields,
    WithoutHeaders,
    edits_from,
    run_replay,
)
from cli.commands.printing import Json, complain, print_json
from ops.exit_codes import Exit

if TYPE_CHECKING:
    from cli.jobs.letters import Row, Summary
    from ops.broker.patience import Patience
    from ops.letters.choice import Choice

app = typer.Typer(name="dead-letters", help="List rejected records, show one, or replay them.", no_args_is_help=True)

ROWS_SHOWN: Final = 1_000
Max = Annotated[int, typer.Option("--max", min=1, max=100_000, help="Rows of the table; --json has all of them.")]
Summarize = Annotated[bool, typer.Option("--summary", help="Only counts, by reason and by topic.")]
Reveal = Annotated[bool, typer.Option("--reveal", help="Show the record's key, headers and value.")]


@app.command(
    "list",
    epilog="Examples: codes dead-letters list --since 2h --summary; codes dead-letters list --reason invalid --json",
)
def list_(
    *,
    topic: Topic = None,
    reason: Reasons = None,
    since: Since = None,
    until: Until = None,
    partition: Partition = None,
    offsets: Offsets = None,
    waiting: Waiting = False,
    summary: Summarize = False,
    max_: Max = ROWS_SHOWN,
    timeout_s: TimeoutS = 30.0,
    json_: Json = False,
) -> None:
    """List rejected records: where they were, why they were rejected, and whether they were replayed."""
    from cli.interrupts import run

    choice = choice_from(topic, reason, since, until, partition, offsets, waiting=waiting)
    as_lines = json_ and not summary
    rows, counts = run(_listed(choice, _patience(timeout_s), 0 if summary else max_, as_lines=as_lines))
    if summary:
        print_summary(counts, json_=json_)
    elif not json_:
        print_letters(rows, counts)


async def _listed(
    choice: "Choice", patience: "Patience", rows_max: int, *, as_lines: bool
) -> "tuple[list[Row], Summary]":
    """The first rows, and the counts of all; as lines each row is printed when it is read."""
    from contextlib import aclosing

    from cli.jobs.letters import Summary, row_of
    from ops.letters.reading import chosen_letters, replayed_identities
    from ops.settings.load import load_settings

    rows: list[Row] = []
    settings, counts = load_settings(), Summary()
    replayed = await replayed_identities(settings, patience)
    async with aclosing(chosen_letters(settings, choice, replayed, patience)) as pieces:
        async for found in pieces:
            for item in found:
                counts.count(item)
                if as_lines:
                    print_json(row_of(item))
                elif len(rows) < rows_max:
                    rows.append(row_of(item))
    return rows, counts


@app.command(epilog="Examples: codes dead-letters show 3@17; codes dead-letters show 3@17 --reveal --json")
def show(
    address: AddressArgument, *, reveal: Reveal = False, timeout_s: TimeoutS = 30.0, json_: Json = False
) -> None:
    """Show one rejected record: its reason, its headers and the shape of its value, without contents."""
    from cli.interrupts import run
    from cli.jobs.letters import account_of, one_letter
    from ops.settings.load import load_settings

    found = run(one_letter(load_settings(), address_from(address), _patience(timeout_s)))
    if found is None:
        complain(f"there is no dead letter at {address}")
        raise typer.Exit(Exit.FAILED)
    account = account_of(found, reveal=reveal)
    if json_:
        print_json(account)
    else:
        print_account(account)


@app.command(
    epilog="Examples: codes dead-letters replay --since 2h; codes dead-letters replay 3@17 --edit new.json --send; "
    "codes dead-letters replay --reason invalid --set quantity=2 --rate 50 --send"
)
def replay(
    address: OptionalAddress = None,
    *,
    topic: Topic = None,
    reason: Reasons = None,
    since: Since = None,
    until: Until = None,
    partition: Partition = None,
    offsets: Offsets = None,
    edit: EditFile = None,
    set_: SetFields = None,
    unset: UnsetFields = None,
    without_headers: WithoutHeaders = False,
    rate: Rate = None,
    send: SendIt = False,
    timeout_s: TimeoutS = 30.0,
    json_: Json = False,
) -> None:
    """Send rejected records again, each to the topic that it was on. Without --send: only say what would be sent."""
    edits = edits_from(edit, set_, unset, has_address=address is not None, without_headers=without_headers)
    choice = choice_from(topic, reason, since, until, partition, offsets, address=address)
    tally, rows = run_replay(choice, edits, _patience(timeout_s), rate=rate, send=send, rows_max=ROWS_SHOWN)
    print_verdicts(tally, rows, dry_run=not send, json_=json_)
    if tally.selected == 0 and address is not None:
        complain(f"there is no dead letter at {address}")
    if (send and tally.left_out) or (tally.selected == 0 and address is not None):
        raise typer.Exit(Exit.FAILED)


def _patience(timeout_s: float) -> "Patience":
    from ops.broker.patience import kafka_patience
    from ops.settings.load import load_settings

    return kafka_patience(load_settings().kafka.bootstrap_servers, complain, timeout_s)
