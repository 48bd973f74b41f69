"""Prints where a record was sent, its answer, and the remedy if it was refused or the import failed."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import typer

from cli.commands.printing import complain, print_fields, print_json
from cli.jobs.importing import remedy_of
from cli.jobs.publishing import GOOD_ENDS
from ops.exit_codes import Exit
from ops.publishing import Sent
from schemas.topics import IMPORT

if TYPE_CHECKING:
    from ops.broker.records import Fields

ALWAYS_SHOWN: Final = (0, False)
"""Unlike null or empty values, these are facts."""


def print_sent(sent: Sent, *, json_: bool) -> None:
    place = {name: value for name, value in asdict(sent).items() if name != "answer"}
    if json_:
        print_json(place)
    else:
        typer.echo(f"sent {sent.request_id} to {sent.topic}, partition {sent.partition}, offset {sent.offset}")


def print_answer(sent: Sent, *, timeout_s: float, json_: bool) -> Exit:
    """Print the answer. Returns the matching exit code."""
    if sent.answer is None:
        role, command = ("importer", "imports show") if is_import(sent) else ("worker", "show request")
        complain(
            f"no answer in {timeout_s:g} s; is `codes {role}` running? {sent.request_id} was sent, and will be "
            f"processed. Check: codes {command} {sent.request_id}"
        )
        return Exit.TIMED_OUT
    if json_:
        print_json(dict(sent.answer))
    else:
        print_fields(applicable_fields(sent.answer))
    remedy = remedy_of(sent.answer.get("reason"), sent.request_id) if is_import(sent) else refusal(sent.answer)
    if remedy is not None:
        complain(f"{sent.answer.get('reason')}: {remedy}")
    end = sent.answer.get("outcome") or sent.answer.get("state")
    return Exit.OK if end in GOOD_ENDS else Exit.FAILED


def refusal(result: "Fields") -> str | None:
    """What to do about a refusal."""
    if result.get("outcome") != "refused":
        return None
    from cli.interrupts import run
    from cli.jobs.explaining import refusal_remedy
    from ops.settings.load import load_settings

    return run(refusal_remedy(load_settings(), result))


def is_import(sent: Sent) -> bool:
    return sent.topic.endswith(IMPORT.name)


def applicable_fields(answer: "Fields") -> "Fields":
    """The fields that are neither null nor empty."""
    return {name: value for name, value in answer.items() if value or value in ALWAYS_SHOWN}
