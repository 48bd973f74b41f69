"""When a rehearsal has met the objective, and when it shows nothing."""

import pytest

from cli.rehearsal.tally import Tally
from cli.rehearsal.verdict import Sender, judged
from schemas.objective_settings import ObjectiveSettings

OBJECTIVE = ObjectiveSettings(answer_within_s=2.0, answer_percent=99.0)
GOOD = Sender(planned=100, left_out=0, late_p99_s=0.001)


def tally(in_time: int, *, late: int = 0, unanswered: int = 0, refused: int = 0) -> Tally:
    """Requests answered after a second, after ten, or not; some of the first are refused."""
    found = Tally(sent=in_time + late + unanswered)
    for number in range(in_time):
        found.add(1.0, 2.0, "out_of_stock" if number < refused else None)
    for _ in range(late):
        found.add(10.0, 2.0, None)
    return found


@pytest.mark.parametrize(
    ("total", "outcome", "percent"),
    [
        (tally(99, late=1), "met", 99.0),
        (tally(98, late=2), "missed", 98.0),
        (tally(99, unanswered=1), "met", 99.0),
        (tally(98, late=1, unanswered=1), "missed", 98.0),
    ],
)
def test_the_share_in_time_decides(total: Tally, outcome: str, percent: float) -> None:
    """A request without an answer is like one whose answer is late."""
    verdict = judged(OBJECTIVE, total, GOOD)

    assert (outcome, percent, ()) == (verdict.outcome, verdict.within_percent, verdict.doubts)


def test_the_margin_is_the_time_that_was_not_needed() -> None:
    """99 per cent were answered in a second, and two were allowed; ten were eight too many."""
    met, missed = judged(OBJECTIVE, tally(99, late=1), GOOD), judged(OBJECTIVE, tally(98, late=2), GOOD)

    assert (10.0, -8.0) == (missed.within_s, missed.margin_s)
    assert 1.0 == pytest.approx(met.within_s, rel=0.021)
    assert 1.0 == pytest.approx(met.margin_s, abs=0.021)


def test_if_too_few_are_answered_there_is_no_margin() -> None:
    """Nobody knows how long the others would have taken."""
    verdict = judged(OBJECTIVE, tally(98, unanswered=2), GOOD)

    assert ("missed", None, None) == (verdict.outcome, verdict.within_s, verdict.margin_s)


@pytest.mark.parametrize(
    ("total", "sender", "outcome", "doubts"),
    [
        (tally(100), Sender(100, 0, 0.201), "not_judged", ("sender_late",)),
        (tally(50, late=50), Sender(100, 0, 0.201), "not_judged", ("sender_late",)),
        (tally(100), Sender(100, 0, 0.2), "met", ()),
        (tally(94), Sender(100, 6, 0.0), "not_judged", ("left_out",)),
        (tally(50, late=44), Sender(100, 6, 0.0), "missed", ("left_out",)),
        (tally(100, refused=2), GOOD, "not_judged", ("refused",)),
        (tally(100, refused=1), GOOD, "met", ()),
        (tally(0), Sender(100, 100, None), "not_judged", ("nothing_sent",)),
    ],
)
def test_a_sale_that_was_not_rehearsed_is_not_judged(
    total: Tally, sender: Sender, outcome: str, doubts: tuple[str, ...]
) -> None:
    """A slow sender is never taken for a slow service; a lighter sale may miss the objective, but not meet it."""
    verdict = judged(OBJECTIVE, total, sender)

    assert (outcome, doubts) == (verdict.outcome, verdict.doubts)
