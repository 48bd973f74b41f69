"""Changes to a value before it is replayed."""

import pytest

from ops.letters.edits import Edits, NotEditable, assignment


def test_without_changes_the_bytes_stay() -> None:
    """Also those that are no JSON."""
    assert b"{ }\n" == Edits().applied(b"{ }\n")
    assert Edits().applied(None) is None


def test_fields_are_set_and_removed() -> None:
    """The others keep their place; a field that is both is set."""
    edits = Edits(assigned={"quantity": 2, "b": "x"}, removed=frozenset({"b", "c", "none"}))

    assert b'{"a":1,"quantity":2,"b":"x"}' == edits.applied(b'{"a": 1, "b": 2, "c": 3, "quantity": "2"}')


def test_a_value_with_the_prefix_of_a_schema_registry_becomes_plain_json() -> None:
    """The id would be that of another schema's; without changes, the bytes stay."""
    value = b'\0\0\0\0\x07{"a": 1}'

    assert value == Edits().applied(value)
    assert b'{"a":2}' == Edits(assigned={"a": 2}).applied(value)


@pytest.mark.parametrize("value", [None, b"", b"SPRING-1", b"[1]", b"\xff"])
def test_what_has_no_fields_cannot_be_changed_by_field(value: bytes | None) -> None:
    """The error does not hold the value; a new value is possible."""
    with pytest.raises(NotEditable) as raised:
        Edits(removed=frozenset({"a"})).applied(value)

    assert "" == str(raised.value)
    assert b"{}" == Edits(value=b"{}").applied(value)


@pytest.mark.parametrize(
    ("typed", "content"),
    [("a=2", 2), ("a=f-1", "f-1"), ('a="2"', "2"), ("a=", ""), ("a=b=c", "b=c"), ("a=null", None)],
)
def test_a_content_is_json_or_text(typed: str, content: object) -> None:
    """Quotes make text of a number."""
    assert ("a", content) == assignment(typed)


@pytest.mark.parametrize("typed", ["a", "", "=2"])
def test_an_assignment_has_a_name_and_a_sign(typed: str) -> None:
    """Anything else is an error that shows the form."""
    with pytest.raises(ValueError, match="FIELD=VALUE"):
        assignment(typed)
