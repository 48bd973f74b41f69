"""The CSV objects that the demo imports, as messy as real files: duplicates, blank lines, bad rows.

In:       a random generator, the number of codes.
Out:      the content, and the counts that its import must report.
Promise:  the same seed gives the same file.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from string import ascii_uppercase, digits
from typing import Final

ALPHABET: Final = ascii_uppercase + digits
BOM: Final = b"\xef\xbb\xbf"
DUPLICATES_PER_MILLE: Final = 40
BLANKS_PER_MILLE: Final = 30
BAD_PER_MILLE: Final = 20
EXTERNAL_PER_MILLE: Final = 100
BAD_CELLS: Final = ("TWO WORDS", "UMLAUT-\u00c4", 'QUO"TE', "TAB\tBED", "LONG-" + "X" * 128, "A,B")
SPACES: Final = ("", "", "", " ")
"""Whitespace before the code, which the importer strips."""

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CsvFile:
    name: str
    content: bytes
    inserted: int
    """Codes that an import into an empty campaign inserts."""
    duplicates: int
    rejected: int

    @property
    def rows(self) -> int:
        """The `rows_read` of an import."""
        return self.inserted + self.duplicates + self.rejected


def large_file(chance: Random, count: int) -> CsvFile:
    """`count` codes of both types, as saved by a spreadsheet: BOM, CRLF, header, an additional column."""
    good = [(chance.choice(SPACES) + code, random_type(chance), "") for code in codes(chance, "SPRING", count)]
    duplicates = chance.choices(good, k=share(count, DUPLICATES_PER_MILLE))
    bad = [(chance.choice(BAD_CELLS), "tm", "") for _ in range(share(count, BAD_PER_MILLE))]
    rows: list[Row | None] = [*good, *duplicates, *bad, *[None] * share(count, BLANKS_PER_MILLE)]
    chance.shuffle(rows)
    content = BOM + text(rows, header=("code", "code_type", "note"), newline="\r\n")
    return CsvFile("spring.csv", content, len(good), len(duplicates), len(bad))


def small_file(chance: Random, count: int) -> CsvFile:
    """`count` codes, one per line, without a header."""
    rows = [(code,) for code in codes(chance, "VIP", count)]
    return CsvFile("vip.csv", text(rows, header=None, newline="\n"), count, 0, 0)


def codes(chance: Random, prefix: str, count: int) -> list[str]:
    """Distinct random codes."""
    found: dict[str, None] = {}
    while len(found) < count:
        found[f"{prefix}-{''.join(chance.choices(ALPHABET, k=10))}"] = None
    return list(found)


def random_type(chance: Random) -> str:
    """A code type, or an empty cell, which stands for the command's."""
    return "external" if chance.randrange(1000) < EXTERNAL_PER_MILLE else chance.choice(("tm", ""))


def share(count: int, per_mille: int) -> int:
    """A share of the rows, at least one."""
    return max(1, count * per_mille // 1000)


def text(rows: Sequence[Row | None], *, header: Row | None, newline: str) -> bytes:
    """The rows as CSV; None is a blank line."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=newline)
    for row in with_header(rows, header):
        if row is None:
            out.write(newline)
        else:
            writer.writerow(row)
    return out.getvalue().encode()


def with_header(rows: Sequence[Row | None], header: Row | None) -> Iterator[Row | None]:
    if header is not None:
        yield header
    yield from rows
