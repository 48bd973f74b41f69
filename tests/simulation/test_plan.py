"""Plans: a seed's is always the same one, and all seeds together have everything that a history may have."""

from collections import Counter
from itertools import chain
from typing import Final, get_args

from tests.simulation.faults import FAULTS_MAX, KINDS
from tests.simulation.injection import FAULTS
from tests.simulation.mutants.focus import Focus
from tests.simulation.plan import COURSES, Course, Plan, plan_of

PLANS: Final = [plan_of(seed) for seed in range(1, 101)]


def test_a_seed_has_one_plan() -> None:
    """However often it is made."""
    assert plan_of(17) == plan_of(17)
    assert plan_of(17) != plan_of(18)


def test_every_kind_of_fault_is_chosen_and_can_be_done() -> None:
    """None is declared and never happens."""
    chosen = {fault.kind for plan in PLANS for fault in plan.faults}

    assert set(KINDS) == chosen
    assert set(KINDS) == set(FAULTS)


def test_every_course_is_taken() -> None:
    """Each of the ways in which a fan goes on."""
    taken = {fan.course for plan in PLANS for fan in plan.fans}

    assert set(get_args(Course)) == taken
    assert 1.0 == round(sum(weight for _, weight in COURSES), 6)


def test_histories_differ_in_their_setup() -> None:
    """Both guarantees, one broker and several, one worker and several, with inventory views and without."""
    for name in ("guarantee", "brokers", "partitions", "workers", "importers", "expirers", "views"):
        assert 1 < len({getattr(plan.setup, name) for plan in PLANS}), name


def test_some_histories_have_no_fault_and_none_too_many() -> None:
    """A service that fails undisturbed is told apart from one that fails under faults."""
    counts = Counter(len(plan.faults) for plan in PLANS)

    assert 0 < counts[0] < len(PLANS) / 4
    assert max(counts) <= FAULTS_MAX


def test_faults_are_in_the_order_of_their_instants() -> None:
    """A person reads them so."""
    for plan in PLANS:
        assert sorted(fault.at_s for fault in plan.faults) == [fault.at_s for fault in plan.faults]


def test_records_repeat_and_ids_are_reused() -> None:
    """Senders that send again, and one that gives an id to two requests."""
    fans = list(chain.from_iterable(plan.fans for plan in PLANS))

    assert any(len(fan.resend_after_s) == 2 for fan in fans)
    assert any(fan.reuses_id for fan in fans)


def test_a_narrowed_plan_is_always_the_same_and_shorter() -> None:
    """A mutant's seed stays good for as long as the code is what it was."""
    focus = Focus(fans=10, faults=4, kinds=("kill",), courses=("race",), setup={"workers": 2})
    small: Plan = focus.narrowed(plan_of(17))

    assert small == focus.narrowed(plan_of(17))
    assert ["kill"] * 4 == [fault.kind for fault in small.faults]
    assert {"race"} == {fan.course for fan in small.fans}
    assert (10, 2) == (len(small.fans), small.setup.workers)
