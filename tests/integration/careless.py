"""A neighbour who is careless with codes: its refused and unreadable records contain them.

Out: `imports`, `requests` and `unreadable`, which send and wait for what comes of it; how much that is.
"""

import json
from typing import Any, Final

from schemas.topics import ASSIGN, DEAD_LETTERS, IMPORT, RELEASE, REQUEST_TOPICS, RESERVE, RESULTS
from tests.integration.importing import Files, ends
from tests.integration.running import Neighbour

CODES: Final = 300
VALUES: Final = [f"SECRET-{number:04}" for number in range(CODES)]
ROWS: Final = [
    "code,code_type",
    *(f"{value},tm" for value in VALUES),
    *(f"{value},tm" for value in VALUES[:20]),  # duplicates
    *(f"{value} {value},tm" for value in VALUES[20:30]),  # no codes, but full of them
    *(f'"{value}""{value}",tm' for value in VALUES[30:40]),
    *(f"NEW-{value},{value}" for value in VALUES[40:50]),  # in the place of a code type
    f'"{VALUES[50]}',
]
REJECTED: Final = 31
TRACED: Final = [
    ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ("tracestate", f"v={VALUES[2]}".encode()),
]


async def imports(neighbour: Neighbour, files: Files) -> list[str]:
    """A file that is half wrong, one that is not there, and commands that cannot be read. Gives the reports."""
    files.put("some.csv", "\n".join(ROWS).encode())
    await neighbour.send(IMPORT, files.command("some.csv", "i1"), key=b"sale")
    await ends(neighbour, 1)
    await neighbour.send(IMPORT, files.command("none.csv", "i2"), key=b"sale")
    await neighbour.send(IMPORT, files.command("some.csv", "i3", code_type=VALUES[0]), key=b"sale")
    await neighbour.send(IMPORT, f'{{"request_id": "{VALUES[1]}'.encode(), key=VALUES[1].encode())
    found = await ends(neighbour, 3)
    return [event["report"] for event in found if event["report"]]


async def requests(neighbour: Neighbour) -> None:
    """Everything a fan may ask for, refusals included; one hold is left to expire, one reply topic is not allowed."""
    asked = {"campaign_id": "sale", "fan_id": "fan"}
    for number in range(20):
        await neighbour.send(RESERVE, {**asked, "request_id": f"r{number}", "quantity": 2}, headers=TRACED)
    await neighbour.send(RESERVE, {**asked, "request_id": "short", "ttl_s": 1})
    await neighbour.send(RESERVE, {**asked, "request_id": "r0", "quantity": 3})
    await neighbour.send(RESERVE, {**asked, "request_id": "much", "quantity": 100, "code_type": "external"})
    await neighbour.send(RESERVE, {**asked, "request_id": "unknown", "campaign_id": "nowhere"})
    await neighbour.send(ASSIGN, {**asked, "request_id": "stock"}, headers=[("reply-topic", b"elsewhere")])
    await neighbour.values(RESULTS, 25)
    for number in range(10):
        await neighbour.send(ASSIGN, {**asked, "request_id": f"a{number}", "reservation_id": f"r{number}"})
        await neighbour.send(RELEASE, {**asked, "request_id": f"b{number}", "reservation_id": f"r{number + 10}"})
    await neighbour.send(ASSIGN, {**asked, "request_id": "thief", "fan_id": "x", "reservation_id": "r0"})
    await neighbour.values(RESULTS, 25 + 21 + 1, settle_s=0.5)


async def unreadable(neighbour: Neighbour) -> None:
    """Records that hold a code in each place where a record can hold something."""
    for number, topic in enumerate(REQUEST_TOPICS):
        value, other = VALUES[100 + number], VALUES[110 + number]
        for content, headers in bad_records(value):
            await neighbour.send(topic, content, key=other.encode(), headers=headers)
    await neighbour.records(DEAD_LETTERS, LETTERS, settle_s=0.5)


def bad_records(value: str) -> list[tuple[bytes, list[tuple[str, bytes]]]]:
    """Contents and headers. Without a readable `request_id`: an answer has the key that its sender chose."""
    bad: list[dict[str, Any]] = [
        {"request_id": [value]},
        {"request_id": f"{value} {value}", "campaign_id": "sale", "fan_id": "fan"},
        {"campaign_id": value, "fan_id": value, "quantity": value, "code_type": value, "code": value},
        {value: value},
    ]
    return [
        (value.encode(), []),
        (f'{{"code": "{value}"'.encode(), []),
        (f'["{value}"]'.encode(), []),
        (value.encode() + b"\xff", []),
        (f'{{"code": "{value}"}}'.encode() + b" " * 70_000, []),
        *((json.dumps(fields).encode(), []) for fields in bad),
        (b"{}", [("x-code", value.encode()), (value, value.encode()), ("reply-topic", value.encode())]),
        (b"{}", [(value, value.encode() + b"\xff")]),
        (b"{}", [("dlq-detail", value.encode()), ("ce_id", value.encode()), *TRACED]),
    ]


LETTERS: Final = 2 + len(REQUEST_TOPICS) * len(bad_records(""))
