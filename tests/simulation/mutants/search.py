"""Which seeds show a mutant.

In:       mutants, seeds.
Out:      `found`: the first seed whose history breaks a rule with the mutant in place, and the rules that it breaks.
Promise:  a history that breaks a rule without the mutant too proves nothing, and is no find.
"""

from collections.abc import Iterable
from typing import Final

from tests.simulation.mutants.mutant import Mutant
from tests.simulation.plan import Plan, plan_of
from tests.simulation.run import simulate

OTHERS: Final = range(1, 11)
"""Seeds that are tried when those that a mutant names show it no more."""


def seeds_to_try(mutant: Mutant) -> list[int]:
    """Its own seeds, then others."""
    return list(dict.fromkeys([*mutant.seeds, *OTHERS]))


def found(mutant: Mutant, seeds: Iterable[int]) -> tuple[int, frozenset[str]] | None:
    """The first seed that shows it, and the rules that it breaks; None: no seed does. Inside of `simulation`."""
    for seed in seeds:
        plan = plan_for(mutant, seed)
        with mutant.put_in():
            rules = simulate(plan).rules
        if rules and not simulate(plan).rules:
            return seed, rules
    return None


def plan_for(mutant: Mutant, seed: int) -> Plan:
    """The plan that a mutant is searched in."""
    return mutant.focus.narrowed(plan_of(seed))
