"""What must hold of a correction, whatever the snapshot holds."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from handlers.inventory.reconcile import (
    RECONCILE_SHARD,
    CampaignSnapshot,
    CountKey,
    corrected,
    corrections,
    drifting,
    lines_of,
    shards_to_publish,
    shards_to_renumber,
)
from schemas.base import CodeStatus, CodeType
from schemas.documents import InventoryDocument
from tests.fakes.builders import CAMPAIGN, NOW, a_shard

LATER = datetime(2027, 1, 1, tzinfo=UTC)
TYPES: tuple[CodeType, ...] = ("tm", "external")


def a_named_shard(shard: str, code_type: CodeType = "tm", **changes: object) -> InventoryDocument:
    return a_shard(_id=f"{CAMPAIGN}:{code_type}:{shard}", shard=shard, code_type=code_type, **changes)


def snapshot_with(*shards: InventoryDocument, **counts: int) -> CampaignSnapshot:
    return CampaignSnapshot(
        CAMPAIGN, shards, {CountKey(CAMPAIGN, "tm", status): count for status, count in counts.items()}
    )


def counts_of(shard: InventoryDocument) -> tuple[int, int, int]:
    return shard.available, shard.reserved, shard.assigned


COUNTS = st.integers(-1_000, 1_000)
SHARDS = st.lists(
    st.builds(
        a_named_shard,
        st.sampled_from(["reserve.requests.v1.0", "import.commands.v1.1", RECONCILE_SHARD]),
        st.sampled_from(TYPES),
        version=st.integers(1, 9),
        available=COUNTS,
        reserved=COUNTS,
        assigned=COUNTS,
    ),
    unique_by=lambda shard: shard.id,
)
CODES = st.dictionaries(
    st.builds(CountKey, st.just(CAMPAIGN), st.sampled_from(TYPES), st.sampled_from(CodeStatus)), st.integers(0, 1_000)
)


@given(SHARDS, CODES)
def test_a_correction_leaves_no_drift(shards: list[InventoryDocument], codes: dict[CountKey, int]) -> None:
    """And only correcting shards are changed, each from the version that it had."""
    snapshot = CampaignSnapshot(CAMPAIGN, tuple(shards), codes)
    before = {shard.id: shard for shard in shards}

    changes = corrections(snapshot, now=LATER)

    after = corrected(snapshot, changes)
    assert ((), ()) == (drifting(after), corrections(after, now=LATER))
    assert {RECONCILE_SHARD} >= {change.after.shard for change in changes}
    for change in changes:
        old = before.get(change.after.id)
        assert (old.version if old else 0) == change.version_before == change.after.version - 1


def test_books_that_agree_need_nothing() -> None:
    """Single shards may be negative; what is shown are their sums."""
    snapshot = snapshot_with(
        a_named_shard("import.commands.v1.0", available=10, reserved=0, assigned=0),
        a_named_shard("reserve.requests.v1.0", available=-4, reserved=3, assigned=1),
        available=6,
        reserved=3,
        assigned=1,
    )

    assert [0, 0, 0] == [line.drift for line in lines_of(snapshot)]
    assert ((), (), ()) == (
        corrections(snapshot, now=LATER),
        shards_to_renumber(snapshot),
        shards_to_publish(snapshot),
    )


def test_a_correction_is_what_the_shards_say_too_much() -> None:
    """A new shard for the first one; the next one goes on from it."""
    wrong = a_named_shard("reserve.requests.v1.0", available=7, reserved=4, assigned=1)
    snapshot = snapshot_with(wrong, available=5, reserved=5, assigned=1)

    [first] = corrections(snapshot, now=LATER)
    [second] = corrections(snapshot_with(wrong, first.after, available=4, reserved=5, assigned=2), now=LATER)

    assert (f"{CAMPAIGN}:tm:reconcile", 1, (-2, 1, 0)) == (
        first.after.id,
        first.after.version,
        counts_of(first.after),
    )
    assert ("reconcile", LATER) == (first.after.cause, first.after.changed_at)
    assert (1, 2, (-3, 1, 1)) == (second.version_before, second.after.version, counts_of(second.after))


def test_a_code_type_without_drift_is_left_alone() -> None:
    """Nor is it published again."""
    sound = a_named_shard("import.commands.v1.0", "external", available=0, reserved=0, assigned=0)
    wrong = a_named_shard("import.commands.v1.0", available=3, reserved=0, assigned=0)
    snapshot = snapshot_with(sound, wrong, available=2)

    changes = corrections(snapshot, now=LATER)

    assert ["tm"] == [change.after.code_type for change in changes]
    assert (wrong,) == shards_to_renumber(snapshot)
    assert (wrong, changes[0].after) == shards_to_publish(corrected(snapshot, changes))


def test_codes_that_no_shard_counts_are_drift() -> None:
    """As after a collection was restored from an older copy than the other."""
    snapshot = snapshot_with(available=2)

    assert [(CountKey(CAMPAIGN, "tm", "available"), 0, 2, -2)] == [(*line, line.drift) for line in drifting(snapshot)]
    assert [(2, 0, 0)] == [counts_of(change.after) for change in corrections(snapshot, now=NOW)]
