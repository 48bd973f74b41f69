"""A local file in pieces. Out: `pieces_of`. Promise: no more than one piece is in memory."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

PIECE_BYTES: Final = 1024 * 1024


async def pieces_of(file: Path) -> AsyncIterator[bytes]:
    with file.open("rb") as data:
        while piece := data.read(PIECE_BYTES):
            yield piece
