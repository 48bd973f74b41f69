"""A request id that was used before: `CodeStore` remembers the first answer, on every backend."""

import pytest

from schemas.requests import Request
from tests.contract.benches import StoreBench
from tests.contract.deciding import ASSIGNS, OTHERS, RESERVES, decided
from tests.fakes.builders import (
    HOUR,
    NOW,
    TM,
    a_reserve,
    an_assign_from_stock,
    asked,
)


async def test_a_request_sent_twice_moves_one_code(bench: StoreBench) -> None:
    """The second answer is the first one, read from the ledger, to the last byte."""
    await bench.put(TM, 5)
    store = bench.store(RESERVES)
    first = await decided(store, RESERVES, asked(a_reserve()))

    again = await decided(store, RESERVES, asked(a_reserve(), offset=1, at=NOW + HOUR))
    elsewhere = await decided(bench.store(OTHERS), OTHERS, asked(a_reserve(), partition=1))

    assert first == again == elsewhere
    assert 1 == len({result.to_json() for result in (*first, *again, *elsewhere)})
    assert 1 == (await bench.codes())["summer", "tm", "reserved"]


async def test_other_content_under_a_taken_id_is_refused(bench: StoreBench) -> None:
    """The ledger does not keep it."""
    await bench.put(TM, 5)
    store = bench.store(RESERVES)
    await decided(store, RESERVES, asked(a_reserve()))

    (refused,) = await decided(store, RESERVES, asked(a_reserve(quantity=2), offset=1))

    assert "request_id_reused" == refused.reason
    assert {"r-1"} == await bench.ledger()


async def test_a_refusal_is_remembered_and_moves_nothing(bench: StoreBench) -> None:
    """Even if there would be codes the next time."""
    store = bench.store(RESERVES)
    (unknown,) = await decided(store, RESERVES, asked(a_reserve()))
    await bench.put(TM, 1)

    (again,) = await decided(store, RESERVES, asked(a_reserve(), offset=1))
    (other,) = await decided(store, RESERVES, asked(a_reserve(request_id="r-2"), offset=2))

    assert ("unknown_campaign", "reserved") == (unknown.reason, other.outcome)
    assert unknown == again


@pytest.mark.parametrize("request_", [a_reserve(), a_reserve(quantity=2), an_assign_from_stock(request_id="r-1")])
async def test_an_id_the_ledger_forgot_is_not_used_again(bench: StoreBench, request_: Request) -> None:
    """Its reservation still exists: a second one would hide it."""
    await bench.put(TM, 10)
    await decided(bench.store(RESERVES), RESERVES, asked(a_reserve()))
    await bench.forget("r-1")
    store = bench.store(ASSIGNS, publishes_code_values=True)

    (refused,) = await decided(store, ASSIGNS, asked(request_, offset=7))

    assert ("refused", "request_id_reused") == (refused.outcome, refused.reason)
    assert [refused] == await decided(store, ASSIGNS, asked(request_, offset=8))
    assert 1 == (await bench.codes())["summer", "tm", "reserved"]
