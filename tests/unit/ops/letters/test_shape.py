"""The shape of a value shows where it is wrong, and none of its contents."""

import orjson

from ops.letters.shape import ITEMS_MAX, shape_of


def test_contents_are_described() -> None:
    """Types and lengths, at any depth."""
    value = orjson.dumps(
        {
            "fan_id": "f 1",
            "fanId": None,
            "quantity": 2,
            "codes": [{"code": "SPRING-1"}, True],
        }
    )

    assert {
        "fan_id": "text, 3 characters",
        "fanId": "null",
        "quantity": "number",
        "codes": [{"code": "text, 8 characters"}, "true or false"],
    } == shape_of(value)["shape"]


def test_a_name_that_may_be_a_code_is_not_shown() -> None:
    """Somebody may have swapped names and contents."""
    shape = shape_of(b'{"SPRING-1":1,"a b":2,"ABC123":3,"' + b"x" * 41 + b'":4}')["shape"]

    assert [
        "field 1, its name has 8 characters",
        "field 2, its name has 3 characters",
        "field 3, its name has 6 characters",
        "field 4, its name has 41 characters",
    ] == list(shape)


def test_a_value_that_is_no_json_has_a_length_and_a_digest() -> None:
    """A tombstone has neither."""
    assert {"bytes": 8, "sha256": "1b26607dcde8", "shape": "not JSON"} == shape_of(b"SPRING-1")
    assert {"bytes": None, "sha256": None, "shape": None} == shape_of(None)


def test_a_large_value_has_a_limited_shape() -> None:
    """In breadth and in depth."""
    wide, deep = shape_of(orjson.dumps(list(range(1_000))))["shape"], shape_of(b"[" * 50 + b"]" * 50)["shape"]

    assert ["number"] * ITEMS_MAX == wide
    assert [[[[[["..."]]]]]] == deep
