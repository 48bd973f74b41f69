"""Rates from running sums are those of a plain sum, whatever comes and however the clock moves."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.inventory.counts import Counts
from handlers.inventory.motion import FINE, WINDOWS_S, Motion
from schemas.base import CODE_TYPES, CodeType
from schemas.events import InventoryChanged

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
MOVES = st.tuples(
    st.integers(-30, 30),  # codes that leave or come back
    st.integers(0, 5_000),  # seconds that the event is late
    st.sampled_from(CODE_TYPES),
    st.sampled_from([1, 3, 9, 10, 11, 55, 299, 3_601, 9_000, -5, -700]),  # seconds that the clock moves then
    st.booleans(),  # whether somebody reads meanwhile
)


@settings(deadline=None, derandomize=True)
@given(st.lists(MOVES, max_size=60))
def test_a_rate_is_the_plain_sum_of_its_window(moves: list[tuple[int, int, CodeType, int, bool]]) -> None:
    """Events late, out of order, in the future of a clock that was set back; readers often or seldom."""
    motion, now, latest = Motion(), START, 0
    seen: list[tuple[int, int]] = []
    for version, (left, late_s, code_type, clock_s, is_read) in enumerate(moves, 1):
        at = now - timedelta(seconds=late_s)
        step = int(at.timestamp() // FINE.step_s)
        latest = max(latest, step)
        motion.add(an_event(code_type, version, left, at), now)
        seen.append((step, left))
        now += timedelta(seconds=clock_s)
        for window_s in WINDOWS_S if is_read else ():
            first = int((now.timestamp() - window_s) // FINE.step_s) + 1
            kept = max(first, latest - FINE.steps_max + 1)
            plain = sum(moved for number, moved in seen if number >= kept)
            assert round(max(plain, 0) / window_s, 3) == motion.rate(now, window_s)


def an_event(code_type: CodeType, version: int, left: int, at: datetime) -> InventoryChanged:
    """A shard of its own each: its first version is its first change."""
    return InventoryChanged(
        campaign_id="sale",
        code_type=code_type,
        shard=f"s{version}",
        version=1,
        **Counts(-left, left, 0)._asdict(),
        cause="reserve",
        changed_at=at,
    )
