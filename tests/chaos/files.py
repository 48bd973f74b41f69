"""The CSV objects that the storm imports: overlapping, some compressed, with invalid rows.

In:       a random generator, a campaign, a number.
Out:      the key and the content of an object.
Promise:  a code has the same type in every file, so the order of two imports decides nothing about types.
"""

import gzip
from dataclasses import dataclass
from random import Random
from typing import Final

SECRET: Final = "STORMCODE"
"""Every code begins so: no log may contain it."""
BAD_ROWS: Final = ("TWO WORDS", "UMLAUT-\u00c4", '"QUO""TE"', "LONG-" + "X" * 128, '"OPEN', '""')
BAD_SHARE: Final = 0.02
REPEATED_SHARE: Final = 0.05
BLANK_SHARE: Final = 0.01
EXTERNAL_EVERY: Final = 5


@dataclass(frozen=True, slots=True)
class CodeFile:
    """One object."""

    key: str
    body: bytes


def code_file(chance: Random, campaign: str, number: int, rows: int) -> CodeFile:
    """The `number`-th file of a campaign: half of its codes are in the file before."""
    start = number * rows // 2
    numbers = list(range(start, start + rows))
    numbers += chance.choices(numbers, k=round(rows * REPEATED_SHARE))
    lines = [f"{code(campaign, each)},{code_type(each)},note" for each in numbers]
    lines += [f"{chance.choice(BAD_ROWS)},," for _ in range(round(rows * BAD_SHARE))]
    lines += [""] * round(rows * BLANK_SHARE)
    chance.shuffle(lines)
    newline = chance.choice(("\n", "\r\n"))
    body = newline.join(["code,code_type,note", *lines, ""]).encode()
    if chance.random() < 0.3:
        return CodeFile(f"{campaign}-{number}.csv.gz", gzip.compress(body))
    return CodeFile(f"{campaign}-{number}.csv", body)


def code(campaign: str, number: int) -> str:
    return f"{SECRET}-{campaign}-{number:07d}"


def code_type(number: int) -> str:
    return "tm" if number % EXTERNAL_EVERY else "external"
