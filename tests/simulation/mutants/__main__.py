"""`python -m tests.simulation.mutants`: which seeds show which mutants.

In:   names on the command line, or parts of names; none: all. With `--serve`, whole names on stdin, one a line.
Out:  a line of JSON for each mutant: its name, the first seed that shows it (null: none does), the rules it breaks.
"""

import argparse
import json
import sys
from collections.abc import Iterable

import typer

from tests.simulation.mutants.catalogue import MUTANTS
from tests.simulation.mutants.mutant import Mutant
from tests.simulation.mutants.search import found, seeds_to_try
from tests.simulation.run import enter_simulation
from tests.simulation.seeds import seeds_of, with_hash_seed


def main() -> None:
    """Parse the options, and search."""
    with_hash_seed("tests.simulation.mutants")
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", help="of mutants, or parts of names")
    parser.add_argument("--seeds", help="such as 1-60; by default a few that each mutant names, and ten others")
    parser.add_argument("--serve", action="store_true", help="answer for each name on stdin")
    options = parser.parse_args()
    enter_simulation()
    chosen = named(sys.stdin) if options.serve else chosen_by(options.names)
    for mutant in chosen:
        seeds = seeds_of(options.seeds) if options.seeds else seeds_to_try(mutant)
        typer.echo(verdict(mutant, seeds))


def named(names: Iterable[str]) -> Iterable[Mutant]:
    """The mutants of these names."""
    by_name = {mutant.name: mutant for mutant in MUTANTS}
    return (by_name[name.strip()] for name in names)


def chosen_by(parts: list[str]) -> list[Mutant]:
    """The mutants whose names have one of these parts."""
    return [mutant for mutant in MUTANTS if not parts or any(part in mutant.name for part in parts)]


def verdict(mutant: Mutant, seeds: Iterable[int]) -> str:
    """What came of a mutant, as JSON."""
    seen = found(mutant, seeds)
    seed, rules = (None, []) if seen is None else (seen[0], sorted(seen[1]))
    return json.dumps({"mutant": mutant.name, "seed": seed, "rules": rules})


if __name__ == "__main__":
    main()
