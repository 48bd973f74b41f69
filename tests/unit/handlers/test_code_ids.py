"""Ids of codes: a value has one id in a campaign, and nobody finds it without the campaign's salt."""

from handlers.code_ids import PLACES, bound, campaign_prefix, code_ids, id_range, place_of

SALT, OTHER_SALT = b"a" * 32, b"b" * 32


def test_an_id_is_of_its_campaign_and_its_value() -> None:
    """32 hex digits: 8 of the campaign, 24 of the value."""
    first, second = code_ids("summer", SALT, ["A-1", "A-2"])

    assert [first] == code_ids("summer", SALT, ["A-1"])
    assert (32, campaign_prefix("summer")) == (len(first), first[:8])
    assert first[:8] == second[:8]
    assert first[8:] != second[8:]


def test_nobody_can_try_values_without_the_salt() -> None:
    """The same value has another id with another salt."""
    assert code_ids("summer", SALT, ["A-1"]) != code_ids("summer", OTHER_SALT, ["A-1"])


def test_a_place_is_the_order_of_the_ids() -> None:
    """The range that begins at a code's place has it, and the one that ends there does not."""
    ids = sorted(code_ids("summer", SALT, [f"A-{number}" for number in range(100)]))
    places = [place or 0 for place in map(place_of, ids)]

    assert sorted(places) == places
    behind = id_range("summer", places[40])
    assert ids[40:] == [code_id for code_id in ids if behind["$gte"] <= code_id < behind["$lt"]]
    before = id_range("summer", 0, places[40])
    assert ids[:40] == [code_id for code_id in ids if before["$gte"] <= code_id < before["$lt"]]


def test_the_last_place_ends_behind_every_id() -> None:
    """The largest id of a campaign is in its range."""
    assert "01234567" + 24 * "f" < bound("01234567", PLACES)


def test_an_id_made_by_hand_has_no_place() -> None:
    """Nothing is assumed of it."""
    assert place_of("a code of somebody") is None
