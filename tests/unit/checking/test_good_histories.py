"""Histories of a service that keeps its promises have no violations."""

import pytest

from tests.checking.check import check
from tests.unit.checking.stories import random_history, small


@pytest.mark.parametrize("guarantee", ["exactly_once", "at_least_once"])
def test_a_small_good_history_has_no_violations(guarantee: str) -> None:
    """Every outcome and every refusal is legal where it belongs."""
    assert [] == check(small(guarantee).history())


@pytest.mark.parametrize("seed", range(5))
def test_a_random_good_history_has_no_violations(seed: int) -> None:
    """Requests overlap, codes go from hand to hand, requests are sent twice, holds expire."""
    assert [] == check(random_history(seed, 600))
