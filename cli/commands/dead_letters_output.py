"""Output of `codes dead-letters`.

In:       rows, counts.
Out:      tables and lines on standard output, or one JSON object.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import typer

from cli.commands.printing import print_fields, print_json, table_console

if TYPE_CHECKING:
    from cli.jobs.letters import Row, Summary
    from ops.letters.replaying import Tally

COLUMNS: Final = ("letter", "topic", "partition", "offset", "reason", "fields", "at", "replayed")
VERDICT_COLUMNS: Final = ("letter", "topic", "partition", "verdict", "why")


def print_letters(rows: "Sequence[Row]", counts: "Summary") -> None:
    """Print the table, and a line of sums."""
    if rows:
        print_table(sorted(rows, key=lambda row: str(row["at"])), COLUMNS)
    omitted = counts.letters - len(rows)
    more = f"; {omitted:,} more: raise --max, or use --json or --summary" if omitted else ""
    typer.echo(f"dead letters: {counts.letters:,}, replayed: {counts.replayed:,}{more}")


def print_summary(counts: "Summary", *, json_: bool) -> None:
    """Print the counts only."""
    if json_:
        print_json(counts.as_json())
        return
    numbers = {"letters": counts.letters, "waiting": counts.waiting, "replayed": counts.replayed}
    print_fields({name: f"{number:,}" for name, number in numbers.items()})
    for kind, counted in (("reason", counts.reasons), ("topic", counts.topics)):
        print_fields({f"{kind} {name}": f"{number:,}" for name, number in counted.most_common()})


def print_account(account: "Row") -> None:
    """Print all that is known of one, a line for each field of its value."""
    headers, shape, value = account.pop("headers"), account.pop("shape"), account.pop("value", None)
    contents = value or shape
    fields = contents if isinstance(contents, dict) else {"": contents}
    print_fields(
        {
            **{name: cell(item) for name, item in account.items()},
            **{f"header {name}": item for name, item in headers.items()},
            **{f"value {name}".strip(): plain(item) for name, item in fields.items()},
        }
    )


def plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def print_verdicts(tally: "Tally", rows: "Sequence[Row]", *, dry_run: bool, json_: bool) -> None:
    """Print what a replay did, or would do."""
    omitted = tally.selected - len(rows)
    if json_:
        print_json({"dry_run": dry_run, **asdict(tally), "letters": rows, "letters_omitted": omitted})
        return
    if rows:
        print_table(rows, VERDICT_COLUMNS)
    if omitted:
        typer.echo(f"{omitted:,} more rows")
    counts = f"already replayed: {tally.already_replayed:,}, left out: {tally.left_out:,}"
    done = f"would send: {tally.would_send:,}" if dry_run else f"sent: {tally.sent:,}"
    hint = "; nothing was sent: --send sends" if dry_run and tally.would_send else ""
    typer.echo(f"{done}, {counts}{hint}")


def print_table(rows: "Sequence[Row]", columns: Sequence[str]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in columns:
        is_number = name in {"partition", "offset"}
        table.add_column(name, justify="right" if is_number else "left", overflow="fold", no_wrap=name == "letter")
    for row in rows:
        table.add_row(*(cell(row[name]) for name in columns))
    table_console().print(table)


def cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value in {None, ""} else str(value)
