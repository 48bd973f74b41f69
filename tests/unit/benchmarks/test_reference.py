"""The reference model: documents that its validators accept, and what a batch of the limit is made of."""

import bson
import orjson
import pytest

from benchmarks.load import CAMPAIGN, Kind, Load, records
from benchmarks.reference.documents import code, code_id, draw_of
from benchmarks.reference.fill import code_name, in_draw_order
from benchmarks.reference.model import MODEL
from benchmarks.reference.ready import ready_of
from benchmarks.reference.statements import Batch, counts_after

FREE = in_draw_order(CAMPAIGN, 500)


def required(collection: str) -> set[str]:
    """The fields that a validator wants."""
    return set(orjson.loads(MODEL.read_bytes())[collection]["validator"]["$jsonSchema"]["required"])


def test_the_model_has_the_indexes_that_the_limit_is_measured_with() -> None:
    """Written down, so that the limit stays the same when the service's model changes."""
    model = orjson.loads(MODEL.read_bytes())

    assert {
        "codes": ["unique_code", "stock"],
        "reservations": ["overdue", "moved_by"],
        "requests": ["forget"],
        "inventory": ["campaign"],
    } == {name: [index["name"] for index in spec["indexes"]] for name, spec in model.items()}


def test_codes_are_taken_in_draw_order_and_not_in_that_of_their_ids() -> None:
    """As the model's stock takes them: the ids are independent of the draws."""
    assert [draw_of(identity) for identity in FREE] == sorted(draw_of(identity) for identity in FREE)
    assert sorted(FREE) != FREE
    assert {code_id(CAMPAIGN, code_name(number)) for number in range(500)} == set(FREE)


@pytest.mark.parametrize("kind", list(Kind))
def test_each_record_has_an_item_in_the_order_of_its_partition(kind: Kind) -> None:
    """So the n-th record that arrives is answered by the n-th item."""
    load = Load(kind, "r0", 200, 4)
    prepared = ready_of(load, FREE)

    for place, items in prepared.items():
        asked = [record for record in records(load) if (record.topic, record.partition) == place]
        assert [record.request_id for record in asked] == [
            orjson.loads(item.outputs[0].value)["request_id"] for item in items
        ]


def test_no_code_is_prepared_twice() -> None:
    """Reserves take the list from its beginning."""
    items = [item for group in ready_of(Load(Kind.RESERVE, "r0", 200, 4), FREE).values() for item in group]

    assert set(FREE[:200]) == {item.code_id for item in items}


def test_a_repeat_writes_nothing_and_is_answered() -> None:
    """As by the service."""
    items = [item for group in ready_of(Load(Kind.MIX, "r0", 100, 2), FREE).values() for item in group]
    repeats = [item for item in items if item.entry is None]

    assert 10 == len(repeats)
    assert all(item.reservation is None and item.outputs for item in repeats)


def test_prepared_documents_have_all_fields_of_the_model() -> None:
    """A validator would refuse them otherwise."""
    [items] = ready_of(Load(Kind.RESERVE, "r0", 1, 1), FREE).values()
    [item] = items
    assert item.entry is not None
    assert item.reservation is not None

    assert required("requests") == set(bson.decode(item.entry.raw))
    assert required("reservations") == set(bson.decode(item.reservation.raw))
    assert required("codes") == set(code(CAMPAIGN, "c"))


def test_an_assign_sends_its_event_too() -> None:
    """Result and assigned event; a release sends its result alone."""
    [assigns] = ready_of(Load(Kind.ASSIGN, "r0", 1, 1), []).values()
    [releases] = ready_of(Load(Kind.RELEASE, "r0", 1, 1), []).values()

    assert ["results.v1", "assigned.v1"] == [output.topic for output in assigns[0].outputs]
    assert ["results.v1"] == [output.topic for output in releases[0].outputs]


def test_a_batch_moves_as_many_counts_as_codes() -> None:
    """Without its repeats."""
    [items] = ready_of(Load(Kind.RELEASE, "r0", 3, 1), []).values()
    after = counts_after(Batch(Kind.RELEASE, CAMPAIGN, "release.requests.v1.0", 7, items))

    assert (3, -3, 0, 8) == tuple(after[name] for name in ("available", "reserved", "assigned", "version"))
