"""The stock of a campaign that is only tried: a file of random codes.

Out: `codes_file`.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

CODES: Final = 100
"""Enough for a hold that is left in every minute of its time, in any partition."""
RANDOM_BYTES: Final = 12
NAME: Final = "random.csv"


@contextmanager
def codes_file(count: int = CODES, mark: str = "CANARY") -> Iterator[Path]:
    """A file to import; removed at the end. Each code begins with the mark."""
    with TemporaryDirectory(prefix="codes-random-") as folder:
        path = Path(folder) / NAME
        with path.open("w") as file:
            file.writelines(f"{mark}-{secrets.token_hex(RANDOM_BYTES)}\n" for _ in range(count))
        yield path
