"""Histories of a service that keeps its promises have no violations."""

from dataclasses import replace

import pytest

from tests.checking.check import check
from tests.checking.history import History, Logged
from tests.unit.checking.stories import random_history, small


@pytest.mark.parametrize("guarantee", ["exactly_once", "at_least_once"])
def test_a_small_good_history_has_no_violations(guarantee: str) -> None:
    """Every outcome and every refusal is legal where it belongs."""
    assert [] == check(small(guarantee).history())


@pytest.mark.parametrize("seed", range(5))
def test_a_random_good_history_has_no_violations(seed: int) -> None:
    """Requests overlap, codes go from hand to hand, requests are sent twice, holds expire."""
    assert [] == check(random_history(seed, 600))


def test_a_batch_that_nobody_can_read_has_one_dead_letter() -> None:
    """A history has it at its last offset, its dead letter at its first, with the range in `dlq-detail`."""
    good = small().history()
    place = {"topic": "codes.reserve.requests.v1", "partition": 7, "offset": 17}
    detail = {**place, "detail": "offsets 17 to 42 cannot be read: lz4, DecompressionError"}
    headers = tuple((f"dlq-{name}", str(value).encode()) for name, value in detail.items())
    batch = Logged("reserve.requests.v1", 7, 42, good.began_ms + 1, None, b"\x00\x01")
    letter = Logged("dead-letters.v1", 0, 0, good.began_ms + 2, None, b"\x00\x01", headers, 0.5)
    committed = {**good.committed, ("worker", "reserve.requests.v1", 7): 43}

    history = replace(good, inputs=[*good.inputs, batch], outputs=[*good.outputs, letter], committed=committed)

    assert [] == check(history)


def test_inputs_with_both_times_say_when_the_history_began() -> None:
    """A hold that is overdue is found without `began_ms` too."""
    good = small().history()
    inputs = [replace(record, seen_s=(record.timestamp_ms - good.began_ms) / 1000) for record in good.inputs]
    history = replace(good, inputs=inputs, began_ms=0)

    assert [] == check(history)
    assert ["overdue_hold"] == [violation.rule for violation in check(replace(history, ended_s=1_000.0))]


def test_a_history_without_a_common_clock_is_not_judged() -> None:
    """Timestamps and seconds cannot be compared without `began_ms`."""
    good: History = replace(small().history(), began_ms=0)

    with pytest.raises(ValueError, match="began_ms"):
        check(good)
