"""The stock of the canary's campaign: a file of random codes.

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
NAME: Final = "canary.csv"


@contextmanager
def codes_file(count: int = CODES) -> Iterator[Path]:
    """A file to import; removed at the end."""
    with TemporaryDirectory(prefix="codes-canary-") as folder:
        path = Path(folder) / NAME
        path.write_text("".join(f"CANARY-{secrets.token_hex(RANDOM_BYTES)}\n" for _ in range(count)))
        yield path
