"""The inventory as metrics: few series, the right sum."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from ops.telemetry.inventory_metrics import OTHER, InventoryCollector, capped
from schemas.base import CodeStatus

A, R, S = CodeStatus.AVAILABLE, CodeStatus.RESERVED, CodeStatus.ASSIGNED
counts = st.dictionaries(
    st.sampled_from([*"abcdefgh", OTHER]), st.dictionaries(st.sampled_from(CodeStatus), st.integers(0, 9)), max_size=9
)


def of(available: int) -> dict[CodeStatus, int]:
    """A campaign nobody asked yet."""
    return {A: available, R: 0, S: 0}


def test_the_largest_have_series_of_their_own() -> None:
    """With each status; of two alike the first by name."""
    found = capped({"a": {A: 1}, "b": {A: 2, S: 3}, "c": {R: 5}, "d": {R: 5}}, 2)

    assert {"b": {A: 2, R: 0, S: 3}, "c": {A: 0, R: 5, S: 0}, OTHER: {A: 1, R: 5, S: 0}} == found


def test_without_a_rest_there_is_no_other() -> None:
    """A series that means nothing would be looked for."""
    assert {"a": of(1)} == capped({"a": {A: 1}}, 2)


def test_a_campaign_called_other_is_among_the_rest() -> None:
    """Else two things would have one series."""
    assert {"a": of(1), OTHER: of(9)} == capped({"a": {A: 1}, OTHER: {A: 9}}, 5)


@given(counts, st.integers(0, 5))
def test_nothing_gets_lost_by_the_cap(found: dict[str, dict[CodeStatus, int]], campaigns_max: int) -> None:
    """Each status's sum stays; there are never more series than said."""
    shown = capped(found, campaigns_max)

    assert len(shown) <= campaigns_max + 1
    for status in CodeStatus:
        assert sum(stock.get(status, 0) for stock in found.values()) == sum(stock[status] for stock in shown.values())
    assert shown == capped(dict(reversed(found.items())), campaigns_max)


def test_a_scrape_shows_what_there_is_now() -> None:
    """And nothing before anything is known: 0 would mean sold out."""
    registry = CollectorRegistry()
    now: dict[str, dict[CodeStatus, int]] = {}
    registry.register(InventoryCollector(lambda: now, campaigns_max=1))
    labels = {"campaign": "spring", "status": "available"}
    assert None is registry.get_sample_value("codes_inventory_codes", labels)

    now = {"spring": {A: 5}, "autumn": {A: 2}}
    assert 5 == registry.get_sample_value("codes_inventory_codes", labels)
    now = {"spring": {A: -1}}
    assert 0 == registry.get_sample_value("codes_inventory_codes", labels)
    assert None is registry.get_sample_value("codes_inventory_codes", {**labels, "campaign": OTHER})
