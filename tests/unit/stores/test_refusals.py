"""What a server's error means for a step of the migration."""

from typing import Any

import pytest
from pymongo.errors import OperationFailure

from stores.mongo.refusals import is_refusal, message_of, takes_no_validators


def an_error(errmsg: str, code: int | None = 13, name: str = "Unauthorized") -> OperationFailure:
    """As the driver makes it: the whole answer of the server is its `details`, and part of its text."""
    details: dict[str, Any] = {"ok": 0.0, "errmsg": errmsg, "code": code, "codeName": name}
    return OperationFailure(errmsg, code, details)


@pytest.mark.parametrize(
    ("errmsg", "shown"),
    [
        ("no such command: 'collMod'", "no such command: 'collMod'"),
        (
            'not authorized on codes to execute command { collMod: "codes" }',
            "not authorized on codes to execute command",
        ),
        ('E11000 dup key: { code: "SECRET-1" }', "E11000 dup key:"),
        ("two\n  lines", "two lines"),
        ("x" * 1_000, "x" * 200),
    ],
)
def test_the_message_is_the_servers_up_to_the_first_document(errmsg: str, shown: str) -> None:
    """A document may hold a code, and a command a signature; the driver's copy of the answer is left out."""
    assert f"{shown} (code 13 Unauthorized)" == message_of(an_error(errmsg))


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (an_error("no", 59, "not a name: { secret }"), "no (code 59)"),
        (OperationFailure("said by the driver", 59), "(code 59)"),
    ],
)
def test_what_the_server_does_not_give_is_left_out(error: OperationFailure, shown: str) -> None:
    """Some servers give no name or no message."""
    assert shown == message_of(error)


@pytest.mark.parametrize("code", [24, 46, 112, 117, 276, 314, 11_601, 12_586, 12_587, 11_602, 189, 50])
def test_a_busy_server_refuses_nothing(code: int) -> None:
    """The same command succeeds later: nothing is wrong with it or with the server."""
    assert not is_refusal(an_error("busy", code, ""))


@pytest.mark.parametrize("code", [2, 9, 13, 18, 59, 72, 115, 238, 391, 8_000])
def test_a_server_without_validators_may_be_accepted(code: int) -> None:
    """It does not know them, or the user may not set them."""
    error = an_error("no", code, "")

    assert (True, True) == (is_refusal(error), takes_no_validators(error))


@pytest.mark.parametrize("code", [1, 20, 26, 67, 85, 96, 166, None])
def test_any_other_refusal_is_never_accepted(code: int | None) -> None:
    """It would hide a fault that has nothing to do with validators."""
    error = an_error("no", code, "")

    assert (True, False) == (is_refusal(error), takes_no_validators(error))
