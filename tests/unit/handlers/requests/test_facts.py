"""What a batch needs to know, and no more."""

from handlers.requests.facts import Needs, StockKey, is_redelivery, needs_of, redelivered_codes
from tests.fakes.builders import (
    EXTERNAL,
    TM,
    a_release,
    a_reserve,
    a_result,
    an_assign,
    an_assign_from_stock,
    an_entry,
    asked,
)

ASSIGNED = a_result(
    request_id="a-1", operation="assign", outcome="assigned", code_ids=("c-1", "c-2"), expires_at=None
)


def test_undecided_requests_need_codes_and_reservations() -> None:
    """Codes by campaign and type, all together; reservations that are named, and those that would be made."""
    requests = [
        asked(a_reserve(quantity=2)),
        asked(a_reserve(request_id="r-2", code_type="external")),
        asked(an_assign_from_stock(quantity=3)),
        asked(an_assign(reservation_id="r-8")),
        asked(a_release(campaign_id="winter", reservation_id="r-9")),
    ]

    assert Needs(
        campaigns=frozenset({"summer", "winter"}),
        reservations=frozenset({"r-1", "r-2", "s-1", "r-8", "r-9"}),
        stock={TM: 5, EXTERNAL: 1},
        redelivered_codes=frozenset(),
    ) == needs_of(requests, {})


def test_decided_requests_need_only_what_must_be_published_again() -> None:
    """The values of codes that this very record assigned."""
    redelivered = asked(an_assign(), offset=4)
    repeated = asked(an_assign_from_stock(), offset=5)
    decided = {
        "a-1": an_entry(redelivered, ASSIGNED),
        "s-1": an_entry(repeated, a_result(outcome="assigned", code_ids=("c-3",)), source="assign.requests.v1.0@1"),
    }

    needs = needs_of([redelivered, repeated], decided)

    assert frozenset({"c-1", "c-2"}) == needs.redelivered_codes
    assert (frozenset(), {}) == (needs.reservations, needs.stock)


def test_a_redelivery_is_the_same_record_with_the_same_content() -> None:
    """A topic that was made anew has other records at the same places."""
    first = asked(an_assign(), offset=4)
    entry = an_entry(first, ASSIGNED)

    assert is_redelivery(first, entry)
    assert not is_redelivery(asked(an_assign(), offset=5), entry)
    assert not is_redelivery(asked(an_assign(), offset=4, partition=1), entry)
    assert not is_redelivery(asked(an_assign(fan_id="fan-2"), offset=4), entry)


def test_only_assigned_codes_are_published() -> None:
    """The values of a reserve's codes stay in the database."""
    first = asked(a_reserve())

    assert () == redelivered_codes(first, an_entry(first, a_result()))
    assert () == redelivered_codes(first, None)
    assert ("c-1", "c-2") == redelivered_codes(asked(an_assign()), an_entry(asked(an_assign()), ASSIGNED))


def test_codes_are_alike_by_campaign_and_type() -> None:
    """A key is its two parts."""
    assert ("summer", "tm") == StockKey("summer", "tm") == TM
