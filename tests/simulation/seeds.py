"""Which seeds to run, and the hash seed that makes a history repeatable.

Out:      `seeds_of`, `with_hash_seed`, `ENVIRONMENT`.
Promise:  every process that runs histories has the same hash seed: the order of sets of texts is part of a history,
          and Python takes it from a variable that must be set when it starts.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Final

HASH_SEED: Final = "PYTHONHASHSEED"
ENVIRONMENT: Final[Mapping[str, str]] = {HASH_SEED: "0"}
"""Of every process that runs histories."""


def with_hash_seed(module: str) -> None:
    """Go on if this process has the hash seed; otherwise run the module again in a process that has it, and end."""
    if os.environ.get(HASH_SEED) != ENVIRONMENT[HASH_SEED]:
        again = [sys.executable, "-m", module, *sys.argv[1:]]
        sys.exit(subprocess.call(again, env={**os.environ, **ENVIRONMENT}))  # noqa: S603  # this very program


def seeds_of(text: str) -> list[int]:
    """The seeds that a text such as `17`, `1-60` or `3,7,100-200` names."""
    seeds: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        seeds += range(int(first), int(last or first) + 1)
    return seeds
