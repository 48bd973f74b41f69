"""A failing plan made smaller, while it still fails by the same rule.

In:   a plan, and a function that runs one and gives the rules it breaks.
Out:  `shrunk`: fewer faults, then fewer fans, noise and uploads.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TypeVar

from tests.simulation.plan import Plan

T = TypeVar("T")

BrokenRules = Callable[[Plan], Collection[str]]


def shrunk(plan: Plan, rule: str, broken_rules: BrokenRules, tries_max: int = 200) -> Plan:
    """The smallest plan found in `tries_max` runs that breaks `rule`."""
    left = tries_max

    def still_fails(candidate: Plan) -> bool:
        nonlocal left
        left -= 1
        return left >= 0 and rule in broken_rules(candidate)

    plan = replace(plan, faults=fewest(plan.faults, lambda some: still_fails(replace(plan, faults=some))))
    plan = replace(plan, fans=fewest(plan.fans, lambda some: still_fails(replace(plan, fans=some))))
    plan = replace(plan, noise=fewest(plan.noise, lambda some: still_fails(replace(plan, noise=some))))
    return replace(plan, uploads=fewest(plan.uploads, lambda some: still_fails(replace(plan, uploads=some))))


def fewest(items: Sequence[T], fails: Callable[[Sequence[T]], bool]) -> Sequence[T]:
    """Leave out halves, quarters and so on, for as long as what is left fails (delta debugging)."""
    size = len(items)
    while size >= 1 and items:
        start, has_left_out = 0, False
        while start < len(items):
            rest = [*items[:start], *items[start + size :]]
            if fails(rest):
                items, has_left_out = rest, True
            else:
                start += size
        if not has_left_out or size > len(items):
            size //= 2
    return items
