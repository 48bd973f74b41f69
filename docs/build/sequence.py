"""A parser for Mermaid's sequence diagrams: the part of the language that our documents use.

In:       the text of a fence.
Out:      a `Sequence`: the participants, and the steps from top to bottom.
Promise:  an unsupported line is an error, so that no drawing is incomplete.
"""

import re
from dataclasses import dataclass, field
from typing import Final, NamedTuple

KIND: Final = "sequenceDiagram"
PARTICIPANT: Final = re.compile(r"participant (\w+)(?: as (.+))?")
MESSAGE: Final = re.compile(r"(\w+)(-?)->>(\w+): (.+)")
NOTE: Final = re.compile(r"Note over (\w+)(?:,(\w+))?: (.+)")
BLOCK: Final = re.compile(r"(rect|loop|opt)\b ?(.*)")


class NotDrawn(Exception):
    """A line of a diagram is not supported. Rewrite the line, or add support for it here."""


class Message(NamedTuple):
    """An arrow from one column to another, or to itself."""

    source: int
    target: int
    text: str
    dashed: bool


class Note(NamedTuple):
    """A box over one column, or several."""

    first: int
    last: int
    text: str


class Begin(NamedTuple):
    """Opens a frame around the steps that follow."""

    label: str


class End(NamedTuple):
    """Closes the innermost frame."""


Step = Message | Note | Begin | End


@dataclass(frozen=True, slots=True)
class Sequence:
    """One diagram."""

    names: list[str] = field(default_factory=list)
    """The heading of each column."""
    steps: list[Step] = field(default_factory=list)


def read_sequence(text: str) -> Sequence:
    """Parse the text of a diagram.

    Raises:
        NotDrawn: the diagram is of another kind, or has an unsupported line.
    """
    head, *lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    if head != KIND:
        raise NotDrawn(f"{head}: only {KIND} is drawn")
    columns: dict[str, int] = {}
    sequence = Sequence()
    for line in lines:
        if found := PARTICIPANT.fullmatch(line):
            columns[found[1]] = len(columns)
            sequence.names.append(found[2] or found[1])
        else:
            sequence.steps.append(known_step(line, columns))
    return sequence


def known_step(line: str, columns: dict[str, int]) -> Step:
    """See `step_of`; participants must be declared first. Raises NotDrawn."""
    try:
        return step_of(line, columns)
    except KeyError as unknown:
        raise NotDrawn(f"{line}: no participant {unknown}") from None


def step_of(line: str, columns: dict[str, int]) -> Step:
    """Parse a line other than a participant. Raises NotDrawn."""
    if found := MESSAGE.fullmatch(line):
        return Message(columns[found[1]], columns[found[3]], found[4], dashed=bool(found[2]))
    if found := NOTE.fullmatch(line):
        return Note(columns[found[1]], columns[found[2] or found[1]], found[3])
    if found := BLOCK.fullmatch(line):
        return Begin("" if found[1] == "rect" else f"{found[1]}: {found[2]}")
    if line == "end":
        return End()
    raise NotDrawn(line)
