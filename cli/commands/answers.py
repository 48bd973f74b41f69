"""What is said of a record that was sent: where it went, what the answer was, and what to do about it."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import typer

from cli.commands.printing import complain, print_fields, print_json
from cli.jobs.importing import remedy_of
from cli.jobs.publishing import GOOD_ENDS, Sent
from ops.exit_codes import Exit
from schemas.topics import IMPORT

if TYPE_CHECKING:
    from ops.broker.records import Fields

SAID_ANYWAY: Final = (0, False)
"""Figures are facts even when they are nothing; what is null or empty does not apply."""


def print_sent(sent: Sent, *, json_: bool) -> None:
    """The record's place."""
    place = {name: value for name, value in asdict(sent).items() if name != "answer"}
    if json_:
        print_json(place)
    else:
        typer.echo(f"sent {sent.request_id} to {sent.topic}, partition {sent.partition}, offset {sent.offset}")


def print_answer(sent: Sent, *, timeout_s: float, json_: bool) -> Exit:
    """The answer, and the exit code that it means."""
    if sent.answer is None:
        role, where = ("importer", "imports show") if is_import(sent) else ("worker", "show request")
        complain(f"no answer in {timeout_s:g} s: does `codes {role}` run? Look: codes {where} {sent.request_id}")
        return Exit.TIMED_OUT
    if json_:
        print_json(dict(sent.answer))
    else:
        print_fields(applying(sent.answer))
    remedy = remedy_of(sent.answer.get("reason")) if is_import(sent) else None
    if remedy is not None:
        complain(f"{sent.answer.get('reason')}: {remedy}")
    end = sent.answer.get("outcome") or sent.answer.get("state")
    return Exit.OK if end in GOOD_ENDS else Exit.FAILED


def is_import(sent: Sent) -> bool:
    """Whether it is a command, not a request."""
    return sent.topic.endswith(IMPORT.name)


def applying(answer: "Fields") -> "Fields":
    """What is not null or empty."""
    return {name: value for name, value in answer.items() if value or value in SAID_ANYWAY}
