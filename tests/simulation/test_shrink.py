"""A failing history is made smaller, and still fails for the same reason."""

from dataclasses import replace

from tests.simulation.plan import Plan, plan_of
from tests.simulation.shrink import fewest, shrunk


def test_what_is_left_is_what_the_failure_needs() -> None:
    """Two of a hundred things together."""
    assert [17, 80] == fewest(range(100), lambda some: {17, 80} <= set(some))


def test_a_failure_that_needs_nothing_leaves_nothing() -> None:
    """It is in the setup."""
    assert [] == list(fewest(range(10), lambda _some: True))


def test_nothing_is_left_out_of_a_failure_that_needs_everything() -> None:
    """The items stay in their order."""
    assert list(range(9)) == list(fewest(range(9), lambda some: len(some) == 9))


def test_a_plan_is_shrunk_to_one_fault_and_one_fan() -> None:
    """Uploads and noise are left out too, if the rule is broken without them."""
    plan = plan_with_faults()
    culprit, fan = plan.faults[1], plan.fans[7]

    def broken_rules(candidate: Plan) -> set[str]:
        return {"two_holders"} if culprit in candidate.faults and fan in candidate.fans else {"unanswered"}

    small = shrunk(plan, "two_holders", broken_rules)

    assert replace(plan, faults=[culprit], fans=[fan], noise=[], uploads=[]) == small


def test_another_failure_does_not_count() -> None:
    """What is left must break the same rule."""
    plan = plan_with_faults()

    assert plan == shrunk(plan, "two_holders", lambda candidate: {"hang"} if candidate != plan else {"two_holders"})


def test_a_search_ends() -> None:
    """After so many runs the smallest plan so far is given."""
    runs = 0

    def broken_rules(_candidate: Plan) -> set[str]:
        nonlocal runs
        runs += 1
        return set()

    shrunk(plan_with_faults(), "hang", broken_rules, tries_max=30)

    assert runs == 30


def plan_with_faults() -> Plan:
    """Any plan with enough to leave out."""
    return next(plan for plan in map(plan_of, range(1, 100)) if len(plan.faults) > 5)
