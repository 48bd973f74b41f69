"""The CSV objects that the demo imports, with all that real files have: doubles, blanks, bad rows.

In:       a source of chance, how many codes.
Out:      bytes, and what an import of them must count.
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
"""White space around a code is cut."""

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CsvFile:
    """One object for S3."""

    name: str
    content: bytes
    inserted: int
    """Codes that are new to an empty campaign."""
    duplicates: int
    rejected: int

    @property
    def rows(self) -> int:
        """What an import must count as rows_read."""
        return self.inserted + self.duplicates + self.rejected


def large_file(chance: Random, count: int) -> CsvFile:
    """`count` codes of both types as a spreadsheet would save them: BOM, CRLF, header, more columns than needed."""
    good = [(chance.choice(SPACES) + code, kind(chance), "") for code in codes(chance, "SPRING", count)]
    doubles = chance.choices(good, k=share(count, DUPLICATES_PER_MILLE))
    bad = [(chance.choice(BAD_CELLS), "tm", "") for _ in range(share(count, BAD_PER_MILLE))]
    rows: list[Row | None] = [*good, *doubles, *bad, *[None] * share(count, BLANKS_PER_MILLE)]
    chance.shuffle(rows)
    content = BOM + text(rows, header=("code", "code_type", "note"), newline="\r\n")
    return CsvFile("spring.csv", content, len(good), len(doubles), len(bad))


def small_file(chance: Random, count: int) -> CsvFile:
    """`count` codes, one a line, nothing else."""
    rows = [(code,) for code in codes(chance, "VIP", count)]
    return CsvFile("vip.csv", text(rows, header=None, newline="\n"), count, 0, 0)


def codes(chance: Random, prefix: str, count: int) -> list[str]:
    """Different codes that cannot be guessed from each other."""
    found: dict[str, None] = {}
    while len(found) < count:
        found[f"{prefix}-{''.join(chance.choices(ALPHABET, k=10))}"] = None
    return list(found)


def kind(chance: Random) -> str:
    """A code type; empty: the command's."""
    return "external" if chance.randrange(1000) < EXTERNAL_PER_MILLE else chance.choice(("tm", ""))


def share(count: int, per_mille: int) -> int:
    """A part of the rows, at least one."""
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
    """The header before the rows, if there is one."""
    if header is not None:
        yield header
    yield from rows
