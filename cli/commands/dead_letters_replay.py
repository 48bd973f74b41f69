"""The options of `codes dead-letters replay`, and its run.

In:       what was typed.
Out:      `Edits`; the tally of a replay with its first rows.
Promise:  when a replay fails or is interrupted, a line says how many records it sent before.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.printing import complain, wrong_usage

if TYPE_CHECKING:
    from cli.jobs.letters import Row
    from ops.broker.patience import Patience
    from ops.letters.choice import Choice
    from ops.letters.edits import Edits
    from ops.letters.replaying import Replay, Tally
    from ops.letters.verdict import LeftOut, Send

EditFile = Annotated[
    Path | None,
    typer.Option("--edit", exists=True, dir_okay=False, help="File with the new value; needs a position."),
]
SetFields = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="Set a field of each value, to JSON or text; repeatable."),
]
UnsetFields = Annotated[
    list[str] | None, typer.Option("--unset", metavar="FIELD", help="Remove a field of each value; repeatable.")
]
WithoutHeaders = Annotated[bool, typer.Option("--without-headers", help="Omit the sender's headers.")]
Rate = Annotated[float | None, typer.Option("--rate", min=0.1, help="Send at most N records per second.")]
SendIt = Annotated[bool, typer.Option("--send", help="Send them.")]


def edits_from(
    file: Path | None,
    assigned: Sequence[str] | None,
    removed: Sequence[str] | None,
    *,
    has_address: bool,
    without_headers: bool,
) -> "Edits":
    """The changes; exits with a usage error if they contradict each other."""
    from ops.letters.edits import Edits, assignment

    if file is not None and not has_address:
        raise wrong_usage("--edit replaces the value of one record: name its dead letter by PARTITION@OFFSET")
    if file is not None and (assigned or removed):
        raise wrong_usage("--edit replaces the whole value: omit --set and --unset")
    try:
        fields = dict(assignment(typed) for typed in assigned or ())
    except ValueError as why:
        raise wrong_usage(f"--set: {why}") from None
    value = None if file is None else file.read_bytes()
    return Edits(value, fields, frozenset(removed or ()), without_headers)


def run_replay(
    choice: "Choice", edits: "Edits", patience: "Patience", *, rate: float | None, send: bool, rows_max: int
) -> "tuple[Tally, list[Row]]":
    """Judge, and send if asked to."""
    from cli.interrupts import run
    from cli.jobs.letters import verdict_row
    from cli.start import say_when_interrupted
    from ops.letters.replaying import Replay, judge_of
    from ops.settings.load import load_settings
    from schemas.errors import CodeServiceError

    rows: list[Row] = []

    def keep(verdict: "Send | LeftOut") -> None:
        if len(rows) < rows_max:
            rows.append(verdict_row(verdict))

    settings = load_settings()
    replay = Replay(settings, choice, judge_of(settings, edits), patience, keep, rate)
    say_when_interrupted(lambda: parting_line(replay))
    try:
        run(replay.send() if send else replay.dry_run())
    except CodeServiceError:
        line = parting_line(replay)
        if line is not None:
            complain(line)
        raise
    return replay.tally, rows


def parting_line(replay: "Replay") -> str | None:
    """What a replay that did not end has done."""
    sent = replay.tally.sent
    return f"{sent:,} records were sent, and are remembered; run the command again for the rest" if sent else None
