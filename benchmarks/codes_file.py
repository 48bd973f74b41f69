"""The imported object: distinct codes in no order, the same in every run.

In:   how many.
Out:  codes, or a CSV file of them with a header and two columns.
"""

from collections.abc import Iterator
from typing import Final

STRIDE: Final = 0x9E3779B97F4A7C15
"""Odd, so that multiples are distinct modulo 2^64; near the golden ratio, so that they scatter."""
MODULUS: Final = 2**64


def codes(start: int, stop: int) -> Iterator[str]:
    """The codes from number `start` up to `stop`."""
    for number in range(start, stop):
        yield f"{number * STRIDE % MODULUS:016X}"


def content(rows: int) -> bytes:
    """The file's content."""
    return "".join(["code,code_type\n", *(f"{code},tm\n" for code in codes(0, rows))]).encode()
