"""What must hold of shards that are published again, whatever was read before."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from handlers.inventory.counts import Counts, counts_by_type, folded, summed
from handlers.inventory.republish import renumbered, shards_to_republish
from handlers.shards import ShardChange, inventory_event
from schemas.base import CodeType
from schemas.documents import InventoryDocument
from schemas.stock import CampaignStock
from tests.fakes.builders import CAMPAIGN, NOW, a_shard

LATER = datetime(2027, 1, 1, tzinfo=UTC)
TYPES: tuple[CodeType, ...] = ("tm", "external")


def a_named_shard(shard: str, code_type: CodeType = "tm", **changes: object) -> InventoryDocument:
    return a_shard(_id=f"{CAMPAIGN}:{code_type}:{shard}", shard=shard, code_type=code_type, **changes)


def reading(shards: Iterable[InventoryDocument], known: CampaignStock | None = None) -> CampaignStock | None:
    """What a reader knows that has read these."""
    for shard in shards:
        known = folded(known, inventory_event(shard))
    return known


def counted(known: CampaignStock | None) -> dict[CodeType, Counts]:
    """What a reader counts; nothing of a type that it never read."""
    return dict.fromkeys(TYPES, Counts()) | dict({} if known is None else counts_by_type(known))


def changes_of(shards: Sequence[InventoryDocument], known: CampaignStock | None) -> list[ShardChange]:
    """What is written for these shards, and published."""
    found = shards_to_republish(CAMPAIGN, shards, known, now=NOW)
    return [renumbered(shard.shard, above=shard.published.version, now=LATER) for shard in found]


COUNTS = st.integers(-1_000, 1_000)
SHARDS = st.lists(
    st.builds(
        a_named_shard,
        st.sampled_from(["reserve.requests.v1.0", "import.commands.v1.1", "reconcile"]),
        st.sampled_from(TYPES),
        version=st.integers(1, 9),
        available=COUNTS,
        reserved=COUNTS,
        assigned=COUNTS,
    ),
    unique_by=lambda shard: shard.id,
)


@given(SHARDS, SHARDS, st.lists(st.booleans(), min_size=6, max_size=6))
def test_every_reader_counts_what_the_database_does(
    shards: list[InventoryDocument], published: list[InventoryDocument], was_read: list[bool]
) -> None:
    """Whichever earlier events it read; also when all are published once more."""
    there = {
        code_type: summed(
            Counts(shard.available, shard.reserved, shard.assigned)
            for shard in shards
            if shard.code_type == code_type
        )
        for code_type in TYPES
    }

    once = [change.after for change in changes_of(shards, reading(published))]
    twice = [change.after for change in changes_of(once, reading([*published, *once]))]

    reader = reading(once, reading(shard for shard, read in zip(published, was_read, strict=False) if read))
    assert there == counted(reader) == counted(reading(twice, reader))
    assert (
        {shard.id for shard in [*shards, *published]} == {shard.id for shard in once} == {shard.id for shard in twice}
    )


def test_a_version_is_above_what_was_published_and_above_its_own() -> None:
    """The write is guarded by the version that the database has: 0 inserts what only readers know."""
    ours = [
        a_named_shard("behind", version=2),
        a_named_shard("newer", version=7),
        a_named_shard("unpublished", version=1),
    ]
    published = [
        a_named_shard("behind", version=5),
        a_named_shard("newer", version=6),
        a_named_shard("lost", version=3),
    ]

    changes = {change.after.shard: change for change in changes_of(ours, reading(published))}

    assert {"behind": (2, 6), "newer": (7, 8), "unpublished": (1, 2), "lost": (0, 4)} == {
        name: (change.version_before, change.after.version) for name, change in changes.items()
    }
    assert (f"{CAMPAIGN}:tm:lost", 0, 0, 0) == (
        changes["lost"].after.id,
        *(getattr(changes["lost"].after, status) for status in ("available", "reserved", "assigned")),
    )
    assert {("reconcile", LATER)} == {(change.after.cause, change.after.changed_at) for change in changes.values()}


def test_a_reader_never_counts_fewer_available_than_before_and_than_there_are() -> None:
    """Otherwise a plentiful stock would be low half-way."""
    published = [a_named_shard("import", available=100), a_named_shard("reserve", available=-40)]
    ours = [
        a_named_shard("reserve", available=-80),
        a_named_shard("assign", available=-10),
        a_named_shard("import", available=200),
    ]
    reader, seen = reading(published), []

    for change in changes_of(ours, reader):
        reader = reading([change.after], reader)
        seen.append(counted(reader)["tm"].available)

    assert [160, 150, 110] == seen
