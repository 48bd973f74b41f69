"""Whatever the roles write keeps to the AsyncAPI document: payloads and headers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from interfaces import messages
from interfaces.messages import Message
from interfaces.payloads import schema_of
from schemas.topics import (
    ASSIGN,
    ASSIGNED,
    DEAD_LETTERS,
    IMPORT,
    IMPORTS,
    INVENTORY,
    RELEASE,
    RESERVE,
    RESULTS,
    TopicSpec,
)
from tests.integration.importing import Files, ends
from tests.integration.running import Neighbour, running
from tests.unit.interfaces.judging import faults

pytestmark = pytest.mark.integration

DESCRIBED: Final = (
    (RESULTS, messages.RESULT),
    (ASSIGNED, messages.ASSIGNED),
    (INVENTORY, messages.INVENTORY),
    (IMPORTS, messages.PROGRESS),
    (DEAD_LETTERS, messages.DEAD_LETTER),
)
REQUESTS: Final[Sequence[tuple[TopicSpec, Mapping[str, Any]]]] = (
    (RESERVE, {"request_id": "r-1", "quantity": 2}),
    (RESERVE, {"request_id": "r-2", "quantity": 100}),
    (RESERVE, {"request_id": "r-3", "quantity": 0}),
    (ASSIGN, {"request_id": "a-1", "code_type": "external"}),
    (ASSIGN, {"request_id": "a-2"}),
    (RELEASE, {"request_id": "x-1", "reservation_id": "none"}),
    (RELEASE, {}),
)
"""Every outcome that needs no waiting, and a record without an id."""
ANSWERED: Final = 6


def wrong(message: Message, record: Any) -> list[str]:
    """The errors of a record against the document."""
    headers = {name: value.decode() for name, value in record.headers}
    found = faults(headers, message.headers)
    return found if message.model is None else found + faults(orjson.loads(record.value), schema_of(message.model))


async def test_whatever_the_roles_write_keeps_to_the_document(
    neighbour: Neighbour, files: Files, environment: dict[str, str], tmp_path: Path
) -> None:
    """Results of all kinds, events, imports that end well and badly, dead letters."""
    files.put("codes.csv", b"code\nDESCRIBED-1\nDESCRIBED-2\nDESCRIBED-3\nDESCRIBED-3\nTWO WORDS\n")
    async with (
        running("importer", environment, tmp_path / "importer.log") as importer,
        running("worker", environment, tmp_path / "worker.log") as worker,
    ):
        await importer.until_ready()
        await worker.until_ready()
        for number, key in enumerate(("codes.csv", "none.csv")):
            await neighbour.send(IMPORT, files.command(key, f"i-{number}"), headers=[("traceparent", b"00-a-b-01")])
        await ends(neighbour, 2)
        for topic, fields in REQUESTS:
            await neighbour.send(topic, {"campaign_id": "sale", "fan_id": "fan-1", **fields})
        await neighbour.records(RESULTS, ANSWERED)

    for topic, message in DESCRIBED:
        records = await neighbour.records(topic, 1)
        assert [] == [(topic.name, fault) for record in records for fault in wrong(message, record)]
    outcomes = {value["outcome"] for value in await neighbour.values(RESULTS, ANSWERED)}
    assert {"reserved", "assigned", "refused"} == outcomes
