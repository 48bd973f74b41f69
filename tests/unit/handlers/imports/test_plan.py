"""What is written of a chunk, and what the next chunk must know of it."""

from handlers.code_ids import code_ids
from handlers.imports.plan import ChunkFacts, ChunkPlan, DraftedChunk, drafted, last_chunk, plan_chunk
from tests.unit.handlers.imports.test_chunks import NOW, a_chunk, a_document

SHARD = "import.commands.v1.0"
SALT = b"s" * 32
NOTHING = ChunkFacts({}, [])


def a_drafted_chunk(data: bytes) -> DraftedChunk:
    """A chunk of at most three rows, drafted with a salt that is not random."""
    return drafted(a_chunk(data), a_document(), SALT, moved_by=f"{SHARD}@7", at=NOW)


def a_plan(chunk: DraftedChunk, facts: ChunkFacts) -> ChunkPlan:
    """Of an import that has just begun."""
    return plan_chunk(chunk, a_document(), facts, shard=SHARD, chunk_rows=625, now=NOW)


def test_a_draft_is_all_of_a_code() -> None:
    """Its id is made of the campaign and the value."""
    chunk = a_drafted_chunk(b"code,code_type\nA1,external\nA2,\n")

    assert code_ids("sale", SALT, ["A1", "A2"]) == [draft["_id"] for draft in chunk.drafts.values()]
    assert [("A1", "external"), ("A2", "tm")] == [
        (draft["code"], draft["code_type"]) for draft in chunk.drafts.values()
    ]
    assert {("sale", "available", f"{SHARD}@7", "i1")} == {
        (draft["campaign_id"], draft["status"], draft["moved_by"], draft["imported_by"])
        for draft in chunk.drafts.values()
    }


def test_codes_that_come_while_others_are_taken_are_marked() -> None:
    """The partitions may be past their places already."""
    chunk = a_drafted_chunk(b"A1\nA2\n")

    assert [None, None] == [draft.get("returned") for draft in a_plan(chunk, NOTHING).codes]
    assert ["m", "m"] == [draft["returned"] for draft in a_plan(chunk, ChunkFacts({}, [], "m")).codes]


def test_only_new_codes_are_written() -> None:
    """The others are counted; the shard counts what is written; the document says where to go on."""
    plan = a_plan(a_drafted_chunk(b"A1\nA2\nA 3\n"), ChunkFacts({"A1": "other"}, []))

    assert ["A2"] == [draft["code"] for draft in plan.codes]
    assert (3, 1, 1, 1) == (
        plan.rows,
        plan.after.inserted,
        plan.after.duplicates_in_campaign,
        plan.after.rejected,
    )
    assert [("tm", 1)] == [(change.after.code_type, change.after.available) for change in plan.shards]
    assert (10, 625) == (plan.after.position, plan.after.chunk_rows)
    assert plan.rejects is not None
    assert (3,) == plan.rejects.lines


def test_the_next_chunk_knows_the_codes_and_shards_of_this_one() -> None:
    """Its own codes by this import, those that were there by the import they came by; shards as they are now."""
    chunk, facts = a_drafted_chunk(b"A1\nA2\n"), ChunkFacts({"A1": "other"}, [])
    plan = a_plan(chunk, facts)
    last = last_chunk(plan, chunk, facts)

    assert {"A1": "other", "A2": "i1"} == last.codes
    assert {"A2": "i1"} == last.codes_among(["A2", "A3"])
    assert [change.after for change in plan.shards] == last.shards


def test_shards_that_a_chunk_does_not_change_stay_known() -> None:
    """Otherwise the next chunk would start them again at zero."""
    first = a_plan(a_drafted_chunk(b"code,code_type\nA1,external\n"), NOTHING)
    facts = ChunkFacts({}, [change.after for change in first.shards])
    chunk = a_drafted_chunk(b"A2\n")
    last = last_chunk(a_plan(chunk, facts), chunk, facts)

    assert {("external", 1), ("tm", 1)} == {(shard.code_type, shard.version) for shard in last.shards}
