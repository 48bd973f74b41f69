"""Mermaid's sequence diagrams, read: the part of that language which our documents use.

In:       the text of a fence.
Out:      a `Sequence`: who takes part, and what happens, from top to bottom.
Promise:  a line that is not understood is an error, so that no drawing leaves something out.
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
    """A line of a drawing that this module does not know. Write it otherwise, or teach it here."""


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
    """A frame begins around what follows."""

    label: str


class End(NamedTuple):
    """The innermost frame ends."""


Step = Message | Note | Begin | End


@dataclass(frozen=True, slots=True)
class Sequence:
    """One diagram."""

    names: list[str] = field(default_factory=list)
    """What stands over each column."""
    steps: list[Step] = field(default_factory=list)


def read_sequence(text: str) -> Sequence:
    """A diagram's text, read.

    Raises:
        NotDrawn: it is another kind of diagram, or has a line that is not known here.
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
    """See `step_of`; who takes part must have been named before. Raises NotDrawn."""
    try:
        return step_of(line, columns)
    except KeyError as unknown:
        raise NotDrawn(f"{line}: no participant {unknown}") from None


def step_of(line: str, columns: dict[str, int]) -> Step:
    """One line that is no participant. Raises NotDrawn."""
    if found := MESSAGE.fullmatch(line):
        return Message(columns[found[1]], columns[found[3]], found[4], dashed=bool(found[2]))
    if found := NOTE.fullmatch(line):
        return Note(columns[found[1]], columns[found[2] or found[1]], found[3])
    if found := BLOCK.fullmatch(line):
        return Begin("" if found[1] == "rect" else f"{found[1]}: {found[2]}")
    if line == "end":
        return End()
    raise NotDrawn(line)
