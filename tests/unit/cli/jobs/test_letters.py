"""What is shown of a dead letter."""

from cli.jobs.letters import Summary, account_of, row_of
from ops.letters.reading import Found
from tests.fakes.builders import a_record
from tests.fakes.letters import a_letter

SECRET = "SPRING-9"


def found(value: bytes = b'{"code":"SPRING-9"}', *, is_replayed: bool = False) -> Found:
    headers = (("note", SECRET.encode()), ("replayed-from", b"dead-letters.v1/0@1"))
    return Found(a_letter(a_record(value, key=SECRET.encode(), headers=headers)), is_replayed)


def test_contents_are_masked_unless_they_are_revealed() -> None:
    """Key, value and the sender's headers; not the headers of the service."""
    masked, revealed = account_of(found(), reveal=False), account_of(found(), reveal=True)

    assert SECRET not in str(masked)
    assert ("8 bytes", "8 bytes") == (masked["key"], masked["headers"]["note"])
    assert {"code": "text, 8 characters"} == masked["shape"]
    assert ("invalid", "dead-letters.v1/0@1") == (masked["headers"]["dlq-reason"], masked["headers"]["replayed-from"])
    assert (SECRET, SECRET, {"code": SECRET}) == (revealed["key"], revealed["headers"]["note"], revealed["value"])


def test_a_value_that_is_no_json_is_revealed_as_text_or_base64() -> None:
    """As `codes tail` does it."""
    assert "no JSON" == account_of(found(b"no JSON"), reveal=True)["value"]
    assert "/w==" == account_of(found(b"\xff"), reveal=True)["value_base64"]


def test_a_summary_counts_by_reason_and_topic() -> None:
    """And what was replayed."""
    counts = Summary()
    for item in (found(), found(is_replayed=True)):
        counts.count(item)

    assert {
        "letters": 2,
        "waiting": 1,
        "replayed": 1,
        "reasons": {"invalid": 2},
        "topics": {"t.reserve.requests.v1": 2},
    } == counts.as_json()
    assert row_of(found(is_replayed=True))["replayed"]
