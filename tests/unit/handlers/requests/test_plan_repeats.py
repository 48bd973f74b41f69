"""A plan answers a request id that was used before from the ledger, and publishes nothing a second time."""

from datetime import timedelta

from handlers.requests.state import CodeMove
from schemas.base import CodeStatus
from tests.fakes.builders import (
    HOUR,
    NOW,
    a_plan,
    a_release,
    a_reserve,
    a_result,
    a_shard,
    an_assign,
    an_assign_from_stock,
    an_entry,
    asked,
    facts,
    results,
)

TAKEN = CodeMove(CodeStatus.AVAILABLE, CodeStatus.RESERVED)
LATER = NOW + 24 * HOUR


def test_a_repeat_in_one_batch_gets_the_first_answer_and_moves_nothing() -> None:
    """One ledger entry, one code."""
    plan = a_plan([asked(a_reserve()), asked(a_reserve(), offset=1)], facts(stock=2))

    assert results(plan)[0] == results(plan)[1]
    assert [False, True] == [answer.repeated for answer in plan.answers]
    assert {TAKEN: ("c-1",)} == plan.code_moves
    assert 1 == len(plan.new_entries)


def test_a_repeat_of_a_sender_announces_nothing() -> None:
    """Its assigned event went out with the first answer."""
    plan = a_plan([asked(an_assign_from_stock()), asked(an_assign_from_stock(), offset=1)], facts(stock=2))

    assert [True, False] == [answer.announced for answer in plan.answers]


def test_a_request_in_the_ledger_writes_nothing() -> None:
    """Its old outcome is the answer, days later."""
    first = asked(a_reserve())
    entry = an_entry(first, a_result())

    plan = a_plan([asked(a_reserve(), offset=7)], facts(stock=1, decided=[entry], shards=[a_shard()]), now=LATER)

    assert [a_result()] == results(plan)
    assert not plan.writes
    assert ({}, (), ()) == (plan.code_moves, plan.new_reservations, plan.shard_changes)
    assert ([True], [False], ()) == (
        [answer.repeated for answer in plan.answers],
        [answer.announced for answer in plan.answers],
        plan.announced_shards,
    )


def test_a_record_read_again_announces_no_shard_that_has_begun_only() -> None:
    """It was answered by a refusal, and a shard of version 0 has no event."""
    first = asked(a_reserve())
    begun = a_shard(version=0, available=0, reserved=0, assigned=0)

    plan = a_plan([first], facts(decided=[an_entry(first, a_result())], shards=[begun]))

    assert ([True], ()) == ([answer.announced for answer in plan.answers], plan.announced_shards)


def test_a_record_read_again_announces_all_again() -> None:
    """Its outputs may never have got out: the codes, and the totals as they are now."""
    replayed = asked(an_assign())
    entry = an_entry(replayed, a_result(request_id="a-1", operation="assign", outcome="assigned", expires_at=None))

    plan = a_plan([replayed], facts(decided=[entry], shards=[a_shard()], code_values={"c-1": "SECRET-1"}))

    assert [True] == [answer.announced for answer in plan.answers]
    assert (a_shard(),) == plan.announced_shards
    assert not plan.writes


def test_a_shard_that_changes_once_more_is_published_once() -> None:
    """As it is after the batch, not as a replayed record left it."""
    replayed = asked(a_reserve())
    of = facts(stock=1, decided=[an_entry(replayed, a_result())], shards=[a_shard()])

    plan = a_plan([replayed, asked(a_reserve(request_id="r-2"), offset=1)], of)

    assert [4] == [shard.version for shard in plan.announced_shards]


def test_another_request_under_a_taken_id_is_refused() -> None:
    """It moves nothing, is not remembered, and reveals nothing of the first."""
    entry = an_entry(asked(a_reserve()), a_result())

    plan = a_plan([asked(a_reserve(quantity=2), offset=1)], facts(stock=5, decided=[entry]), now=LATER)

    (refused,) = results(plan)
    assert ("refused", "request_id_reused", (), None) == (
        refused.outcome,
        refused.reason,
        refused.code_ids,
        refused.reservation_id,
    )
    assert not plan.writes
    assert [False] == [answer.announced for answer in plan.answers]


def test_that_refusal_repeats_equal() -> None:
    """Whenever it is asked for: same body."""
    entry = an_entry(asked(a_reserve()), a_result())
    bodies = {
        results(a_plan([asked(a_reserve(quantity=2), offset=offset)], facts(decided=[entry]), now=NOW + days))[
            0
        ].to_json()
        for offset, days in ((1, timedelta()), (2, timedelta(days=1)), (9, timedelta(days=2)))
    }

    assert 1 == len(bodies)


def test_two_contents_under_one_id_in_one_batch() -> None:
    """The first is decided, the second refused, the first again repeated."""
    requests = [asked(a_reserve()), asked(a_reserve(quantity=2), offset=1), asked(a_reserve(), offset=2)]

    plan = a_plan(requests, facts(stock=3))

    assert ["reserved", "refused", "reserved"] == [result.outcome for result in results(plan)]
    assert 1 == len(plan.new_entries)
    assert {TAKEN: ("c-1",)} == plan.code_moves


def test_a_repeat_names_the_fan_again_whose_id_was_erased() -> None:
    """The sender knows the id, so the answer is the first one, byte for byte."""
    first = asked(a_reserve())
    erased = an_entry(first, a_result(fan_id="erased:0f"))

    plan = a_plan([asked(a_reserve(), offset=7)], facts(stock=1, decided=[erased]), now=LATER)

    assert [a_result()] == results(plan)
    assert not plan.writes


def test_another_fan_does_not_become_the_erased_one() -> None:
    """The content is another: the id is taken."""
    erased = an_entry(asked(a_reserve()), a_result(fan_id="erased:0f"))

    plan = a_plan([asked(a_reserve(fan_id="fan-2"), offset=7)], facts(stock=1, decided=[erased]), now=LATER)

    assert [("request_id_reused", "fan-2")] == [(result.reason, result.fan_id) for result in results(plan)]


def test_a_repeated_release_that_names_no_fan_has_the_random_id() -> None:
    """Nobody knows the fan any more."""
    outcome = a_result(request_id="b-1", operation="release", outcome="released", fan_id="erased:0f", expires_at=None)
    erased = an_entry(asked(a_release()), outcome)

    plan = a_plan([asked(a_release(), offset=7)], facts(decided=[erased]), now=LATER)

    assert [outcome] == results(plan)
