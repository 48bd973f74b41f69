"""A registry's reasons become short lines, in whichever form it gives them."""

from typing import Any

import pytest

from ops.registry.answers import MESSAGE_CHARACTERS_MAX, MESSAGES_MAX, Answer, messages_in


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        ({"messages": ["a\n  b", "{oldSchema: '{...}'}", 7]}, ["a b"]),
        ({"reason": "Incompatible artifact"}, ["Incompatible artifact"]),
        ({}, ["the registry gives no reason"]),
        ({"messages": []}, ["the registry gives no reason"]),
        ({"messages": ["\x1b[31mred"]}, ["[31mred"]),
        ({"messages": ["x"] * (MESSAGES_MAX + 1)}, ["x"] * MESSAGES_MAX),
        ({"messages": ["x" * (MESSAGE_CHARACTERS_MAX + 1)]}, ["x" * MESSAGE_CHARACTERS_MAX + "..."]),
    ],
)
def test_reasons_are_short_lines(body: dict[str, Any], messages: list[str]) -> None:
    """At least one; the schema that is registered is not repeated, and no control character is printed."""
    assert messages == messages_in(Answer(200, {"is_compatible": False, **body}))
