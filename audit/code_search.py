"""All codes' values in a few bits each, and the search of a text for any of them.

In:       values, then texts.
Out:      the ids of codes whose value is in a text, never the value.
Promise:  a text is searched once, however many codes there are. A value is found where it is a word of its own or
          beside punctuation; within a longer word (a random id) it is taken for chance.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from secrets import token_hex
from typing import Final

from ops.telemetry.masking import MASK

WORD_CHARACTERS_MIN: Final = 8
"""Shorter values are not searched for: a `12345678` is a code or a number, a `1234` is everywhere."""
RUN: Final = re.compile(rf'[^\s",]{{{WORD_CHARACTERS_MIN},}}')
"""Where a value can be: it contains no comma, double quote or space."""
START: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]|[!-/:-@\[-`{-~]")
"""Where in a run a value can begin: not in the middle of a word."""
CLEAN_RUNS_MAX: Final = 200_000
"""Runs without a value that are remembered: most of what records contain is in many of them."""
BITS_PER_CODE: Final = 64
BITS_MIN: Final = 1 << 16
BITS_MAX: Final = 1 << 29
"""64 MiB, twice; with more codes the search is slower and finds the same."""

FindId = Callable[[str], str | None]


class Secrets:
    """Two Bloom filters of the values; `find_id` decides where both match."""

    def __init__(
        self, ids_by_value: Mapping[str, str] | None = None, *, find_id: FindId | None = None, size: int = 0
    ) -> None:
        """All values with their codes' ids; or a way to find these and about how many `add` will add."""
        known = ids_by_value or {}
        bits = BITS_MIN
        while bits < min(max(size, len(known)) * BITS_PER_CODE, BITS_MAX):
            bits *= 2
        self._mask = bits - 1
        self._beginnings, self._values = bytearray(bits // 8), bytearray(bits // 8)
        self._lengths: tuple[int, ...] = ()
        self._find_id = find_id or known.get
        self._clean: set[str] = set()
        self._masks: dict[str, str] = {}
        self.too_short = 0
        for value in known:
            self.add(value)

    def add(self, value: str) -> None:
        """Add a value to search for."""
        if len(value) < WORD_CHARACTERS_MIN:
            self.too_short += 1
            return
        if len(value) not in self._lengths:
            self._lengths = (*self._lengths, len(value))
        self._set(self._beginnings, hash(value[:WORD_CHARACTERS_MIN]))
        self._set(self._values, hash(value))
        self._set(self._values, hash(value) >> 32)

    def found_in(self, content: str) -> Iterator[str]:
        """Ids of codes whose value is in the text, each once."""
        plain = content.replace("\\\\", "\\")  # JSON and Python write a backslash twice
        texts = (content,) if plain == content else (content, plain)
        yield from dict.fromkeys(code_id for text in texts for _, code_id in self._search(text))

    def masked(self, content: str) -> str:
        """The text with a mask for each value; different values have different masks."""
        for value, _ in set(self._search(content)):
            content = content.replace(value, self._masks.setdefault(value, MASK + token_hex(4)))
        return content

    def _search(self, content: str) -> Iterator[tuple[str, str]]:
        """The values in the text, with their codes' ids."""
        if not self._lengths:
            return
        for run in RUN.findall(content):
            if run in self._clean:
                continue
            found = list(self._search_run(run))
            if not found and len(self._clean) < CLEAN_RUNS_MAX:
                self._clean.add(run)
            yield from found

    def _search_run(self, run: str) -> Iterator[tuple[str, str]]:
        for match in START.finditer(run):
            start = match.start()
            if self._has(self._beginnings, hash(run[start : start + WORD_CHARACTERS_MIN])):
                yield from self._values_at(run, start)

    def _values_at(self, run: str, start: int) -> Iterator[tuple[str, str]]:
        for length in self._lengths:
            value = run[start : start + length]
            if len(value) < length or not self._may_be(value):
                continue
            code_id = self._find_id(value)
            if code_id is not None and not is_inside_word(run, start + length):
                yield value, code_id

    def _may_be(self, value: str) -> bool:
        return self._has(self._values, hash(value)) and self._has(self._values, hash(value) >> 32)

    def _set(self, bits: bytearray, number: int) -> None:
        position = number & self._mask
        bits[position >> 3] |= 1 << (position & 7)

    def _has(self, bits: bytearray, number: int) -> bool:
        position = number & self._mask
        return bool(bits[position >> 3] >> (position & 7) & 1)


def is_inside_word(content: str, end: int) -> bool:
    """Whether the word continues where a value ends."""
    boundary = content[end - 1 : end + 1]
    return len(boundary) > 1 and boundary.isalnum()
