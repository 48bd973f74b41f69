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
FINE: Final[dict[str, bool]] = {}
"""What `is_fine` has found so far."""


def seeds_to_try(mutant: Mutant) -> list[int]:
    """Its own seeds, then others."""
    return list(dict.fromkeys([*mutant.seeds, *OTHERS]))


def found(mutant: Mutant, seeds: Iterable[int]) -> tuple[int, frozenset[str]] | None:
    """The first seed that shows it, and the rules that it breaks; None: no seed does. Inside of `simulation`."""
    for seed in seeds:
        plan = plan_for(mutant, seed)
        with mutant.put_in():
            rules = simulate(plan).rules
        if rules and is_fine(plan):
            return seed, rules
    return None


def is_fine(plan: Plan) -> bool:
    """Whether the history breaks no rule without a mutant; several mutants share a plan."""
    known = repr(plan)
    if known not in FINE:
        FINE[known] = not simulate(plan).rules
    return FINE[known]


def plan_for(mutant: Mutant, seed: int) -> Plan:
    """The plan that a mutant is searched in."""
    return mutant.focus.narrowed(plan_of(seed))
