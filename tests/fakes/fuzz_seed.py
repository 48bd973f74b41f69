"""How much a fuzz test generates, and from which seed.

In:   `CODES_TEST_SEED`, which repeats a run; `CODES_TEST_FUZZ`, how many times more than in a normal run.
Out:  `SEED`, `TIMES`, `seeded`.

pytest shows what a test prints only if it fails; `make fuzz` prints the seed in any case.
"""

import os
from random import Random, SystemRandom
from typing import Final

SEED: Final = int(os.environ.get("CODES_TEST_SEED") or SystemRandom().randrange(2**32))
TIMES: Final = int(os.environ.get("CODES_TEST_FUZZ", "1"))


def seeded() -> Random:
    """A generator of this run's seed."""
    print(f"CODES_TEST_SEED={SEED} CODES_TEST_FUZZ={TIMES}")  # noqa: T201  # for the report of a failure
    return Random(SEED)
