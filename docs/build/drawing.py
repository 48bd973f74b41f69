"""Draws a `mermaid` fence as SVG in the page: no script, no other host, the colours of the page.

In:       the text of a fence.
Out:      HTML.
Promise:  every diagram of the documents is drawn, or the build fails.
"""

import re
from html import escape
from pathlib import Path
from typing import Any, Final

from pymdownx.superfences import SuperFencesException

from docs.build.sequence import KIND, Begin, End, Message, NotDrawn, Note, Sequence, read_sequence

OVERVIEW: Final = Path(__file__).with_name("overview.svg")
"""The README's flowchart, drawn by hand."""
NAME: Final = re.compile(r"[a-z-]+(?:\.[a-z-]+)?\.v1|codes [a-z]+")
"""Topics and roles."""
CHAR_PX: Final = 6.0
"""Average width of a letter. A value that is too high adds space; one that is too low makes texts overlap."""
PAD_PX: Final = 14.0
HEAD_PX: Final = 30.0
STEP_PX: Final = 36.0
NOTE_PX: Final = 38.0
BEGIN_PX: Final = 26.0
END_PX: Final = 12.0
SELF_PX: Final = 26.0
SHRUNK_MIN: Final = 0.75
"""How far a drawing shrinks on a narrow page before it scrolls; below this its text is not legible."""
COLUMN_PX: Final = 110.0
"""Minimum distance between two columns."""


def fence(source: str, *_: Any, **__: Any) -> str:  # noqa: ANN401  # the signature of superfences
    """A fence's text as HTML."""
    try:
        drawn = svg(read_sequence(source)) if source.lstrip().startswith(KIND) else overview(source)
    except NotDrawn as why:
        raise SuperFencesException(f"a diagram is not drawn: {why}") from why  # superfences ignores any other error
    return f'<div class="drawing">{drawn}</div>'


def overview(source: str) -> str:
    """The hand-made drawing. Raises NotDrawn if its roles and topics differ from the flowchart's."""
    drawn = OVERVIEW.read_text()
    differing = sorted(set(NAME.findall(source)) ^ set(NAME.findall(drawn)))
    if differing:
        raise NotDrawn(f"{OVERVIEW.name} and the flowchart differ in {', '.join(differing)}")
    return drawn


def svg(sequence: Sequence) -> str:
    """One diagram."""
    xs = columns(sequence)
    body, y = steps(sequence, xs)
    width = round(max(xs[-1] + half(sequence.names[-1]), reach(sequence, xs)) + PAD_PX)
    height = round(y + HEAD_PX)
    lines = [f'<line class="life" x1="{x}" y1="{HEAD_PX}" x2="{x}" y2="{y}"/>' for x in xs]
    heads = [head(name, x) for name, x in zip(sequence.names, xs, strict=True)]
    label = escape(", ".join(sequence.names))
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    least = f'style="min-width: {width * SHRUNK_MIN:.0f}px"'
    return f'<svg role="img" aria-label="Sequence: {label}" {size} {least}>{"".join([*lines, *body, *heads])}</svg>'


def columns(sequence: Sequence) -> list[float]:
    """The position of each column, with enough space for names, messages and notes."""
    xs = [half(sequence.names[0]) + PAD_PX + opening(sequence)]
    for column in range(1, len(sequence.names)):
        names = sequence.names[column - 1 : column + 1]
        wanted = xs[-1] + max(COLUMN_PX, half(names[0]) + half(names[1]) + PAD_PX)
        xs.append(max([wanted, *(xs[first] + room for first, last, room in rooms(sequence) if last == column)]))
    return [round(x, 1) for x in xs]


def rooms(sequence: Sequence) -> list[tuple[int, int, float]]:
    """Pairs of columns, and the space needed between them."""
    found = []
    for step in sequence.steps:
        match step:
            case Message(source, target, text) if source == target:
                found.append((source, source + 1, wide(text) + SELF_PX + PAD_PX))
            case Message(source, target, text):
                found.append((min(source, target), max(source, target), wide(text) + 2 * PAD_PX))
            case Note(first, last, text) if first == last:
                found += [(first, first + 1, wide(text) / 2 + PAD_PX), (first - 1, first, wide(text) / 2 + PAD_PX)]
            case Note(first, last, text):
                found.append((first, last, wide(text)))
    return [room for room in found if room[0] >= 0]


def opening(sequence: Sequence) -> float:
    """Space before the first column, if a note over it is wider than its name."""
    notes = [wide(step.text) / 2 for step in sequence.steps if isinstance(step, Note) and step.last == 0]
    return max([0.0, *(need - half(sequence.names[0]) for need in notes)])


def reach(sequence: Sequence, xs: list[float]) -> float:
    """The right edge of the texts of the last column."""
    last = len(xs) - 1
    own = [
        step
        for step in sequence.steps
        if (isinstance(step, Message) and step.source == step.target == last)
        or (isinstance(step, Note) and step.first == last)
    ]
    return max([0.0, *(xs[-1] + SELF_PX + wide(step.text) for step in own)])


def steps(sequence: Sequence, xs: list[float]) -> tuple[list[str], float]:
    """The drawn steps from top to bottom, and the position below them."""
    body: list[str] = []
    begun: list[float] = []
    y = HEAD_PX + PAD_PX
    for step in sequence.steps:
        match step:
            case Message():
                body.append(arrow(step, xs, y + STEP_PX - 10))
                y += STEP_PX
            case Note():
                body.append(note(step, xs, y + 6))
                y += NOTE_PX
            case Begin(label):
                begun.append(y)
                body.append(f'<text class="frame" x="{PAD_PX}" y="{y + 18}">{escape(label)}</text>' if label else "")
                y += BEGIN_PX if label else END_PX
            case End():
                top = begun.pop()
                body.insert(0, frame(top, y + 6, xs, len(begun)))
                y += END_PX
    return body, y + PAD_PX


def head(name: str, x: float) -> str:
    """A column's name."""
    width = 2 * half(name)
    box = f'<rect class="head" x="{x - width / 2:.1f}" y="2" width="{width:.1f}" height="{HEAD_PX - 4}" rx="5"/>'
    return f'{box}<text class="name" x="{x}" y="20">{escape(name)}</text>'


def arrow(message: Message, xs: list[float], y: float) -> str:
    """An arrow with its text above."""
    start, end = xs[message.source], xs[message.target]
    kind = "arrow dashed" if message.dashed else "arrow"
    text = escape(message.text)
    if start == end:
        loop = f'<path class="{kind}" d="M{start} {y - 12} h{SELF_PX - 8} v12 h-{SELF_PX - 14}"/>'
        return f'{loop}{tip(start, y, -1)}<text x="{start + SELF_PX}" y="{y - 2}">{text}</text>'
    way = 1 if end > start else -1
    line = f'<path class="{kind}" d="M{start} {y} H{end - 6 * way}"/>{tip(end, y, way)}'
    return f'{line}<text class="over" x="{(start + end) / 2:.1f}" y="{y - 6}">{text}</text>'


def tip(x: float, y: float, way: int) -> str:
    """The head of an arrow."""
    return f'<path class="tip" d="M{x} {y} l{-8 * way} -4 v8 z"/>'


def note(step: Note, xs: list[float], y: float) -> str:
    """A box with text, across its columns."""
    middle = (xs[step.first] + xs[step.last]) / 2
    width = max(wide(step.text), xs[step.last] - xs[step.first] + 2 * PAD_PX)
    box = f'<rect class="note" x="{middle - width / 2:.1f}" y="{y}" width="{width:.1f}" height="26" rx="3"/>'
    return f'{box}<text class="over" x="{middle:.1f}" y="{y + 17}">{escape(step.text)}</text>'


def frame(top: float, bottom: float, xs: list[float], depth: int) -> str:
    """The frame of a block."""
    left = 4 + 4 * depth
    return (
        f'<rect class="block" x="{left}" y="{top}" width="{xs[-1] + 30 - left:.1f}" height="{bottom - top}" rx="4"/>'
    )


def half(name: str) -> float:
    """Half of the width of a column's head."""
    return len(name) * CHAR_PX / 2 + PAD_PX


def wide(text: str) -> float:
    """The width of a text, with a margin."""
    return len(text) * CHAR_PX + PAD_PX
