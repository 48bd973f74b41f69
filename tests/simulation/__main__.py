"""`python -m tests.simulation`: runs seeds, and shrinks one that fails. `make simulate` calls it.

Out:  each seed that fails, at once, with the command that repeats it; a summary; exit code 1 if any failed.
"""

import argparse
import sys
from typing import Final

from tests.simulation.report import reported, shrunk_report
from tests.simulation.seeds import seeds_of, with_hash_seed
from tests.simulation.verdicts import until, verdicts_of

SEEDS_DEFAULT: Final = "1-60"


def main() -> None:
    """Parse the options, and run."""
    options = parsed()
    with_hash_seed("tests.simulation")
    if options.shrink is not None:
        sys.exit(shrunk_report(options.shrink))
    seeds = until(seeds_of(options.seeds), options.seconds)
    sys.exit(reported(verdicts_of(seeds, options.jobs)))


def parsed() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", default=SEEDS_DEFAULT, help="such as 17, 1-60 or 3,7,100-200")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--seconds", type=float, default=None, help="begin no further seed after so long")
    parser.add_argument(
        "--shrink", type=int, metavar="SEED", help="find a smaller history that fails as this seed does"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
