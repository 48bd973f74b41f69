"""The lines of a piece of text, one row's worth at a time: what `csv.reader` is fed with.

In:       text in which one character is one byte; whether more comes after it.
Out:      line by line until the row is complete; how far that got, and why it went no further.
Promise:  only LF ends a line (CR before it belongs to the end). No line longer than the limit is ever handed out,
          nor more lines for one row than the limits allow.
"""

import re
from io import StringIO
from typing import Final, Literal, Self

LINES_PER_ROW_MAX: Final = 100
"""A quote that is open for longer was never meant to open: the rows after it must not vanish in it."""
END_LENGTH_MAX: Final = 2
"""CR and LF."""
BLANK: Final = re.compile(r"(?:[ \t\v\f]{0,100}\r?\n){1,1000}")
"""Blank lines, none longer than the least limit that settings allow; a match's memory grows with their number."""

Stop = Literal["dry", "end", "long_line", "long_row"]
"""No more lines for this row: the rest may still come; all is read; the next line is too long; the row is."""


class Lines:
    """Lives for one piece of text."""

    def __init__(self, text: str, *, final: bool, line_bytes_max: int) -> None:
        self._whole = text
        self._text = StringIO(text, newline="\n")
        self._final = final
        self._line_bytes_max = line_bytes_max
        self.begin_row()

    def begin_row(self) -> None:
        """What is handed out from now on belongs to a new row."""
        self.start = self.first_end = self._text.tell()
        self.first = ""
        self.count = 0
        self.stop: Stop | None = None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        before = self._text.tell()
        line = self._text.readline(self._line_bytes_max + END_LENGTH_MAX)
        self.stop = self._why_not(line, before)
        if self.stop is not None:
            self._text.seek(before)
            raise StopIteration
        self.count += 1
        if self.count == 1:
            self.first, self.first_end = line, before + len(line)
        return line

    @property
    def size(self) -> int:
        """Bytes of the row so far."""
        return self._text.tell() - self.start

    def only_first(self) -> None:
        """Give back all lines of the row but the first."""
        self._text.seek(self.first_end)
        self.count = 1

    def skip_blank(self) -> None:
        """Take the blank lines that come next, as one row: a line at a time, a bomb of them would take hours."""
        self.begin_row()
        at = self.start
        while found := BLANK.match(self._whole, at):
            at = found.end()
        self._text.seek(at)
        self.count = self._whole.count("\n", self.start, at)

    def skip_line(self) -> bool:
        """Take the rest of a line, however long. False: its end is still to come."""
        line = self._text.readline()
        self.count = 1
        return self._final or line.endswith("\n")

    def rest(self) -> str:
        """All from the row's first byte."""
        self._text.seek(self.start)
        return self._text.read()

    def _why_not(self, line: str, before: int) -> Stop | None:
        if not line.endswith("\n"):
            if len(line) == self._line_bytes_max + END_LENGTH_MAX:
                return "long_line"
            if not self._final:
                return "dry"
            if not line:
                return "end"
        if len(line) > self._line_bytes_max and len(line.rstrip("\r\n")) > self._line_bytes_max:
            return "long_line"
        row = before - self.start + len(line)
        is_long = self.count >= LINES_PER_ROW_MAX or (self.count and row > self._line_bytes_max)
        return "long_row" if is_long else None
