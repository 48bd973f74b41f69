"""Examples of outgoing records: the results of `interfaces.examples_in`, and events.

Out:      `EXAMPLES_OUT` by model, `REPLIES`, `LETTERS`. The code's value is made up.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import orjson

from interfaces.example import AT, FAN, TOPICS, Example, as_text, example, rejected
from interfaces.examples_in import (
    ASSIGN_HELD,
    CAMPAIGN,
    IDS,
    REPLY_TOPIC,
    RESERVATION,
    RESERVE_SHORT,
    RESERVE_TWO,
)
from producers.envelope import (
    alert_record,
    assigned_record,
    dead_letter_record,
    import_record,
    inventory_record,
    result_record,
)
from producers.replies import copy_for, with_reply
from schemas.base import Model
from schemas.events import CodeAssigned, ImportProgressed, InventoryChanged, StockAlert
from schemas.groups import WORKER_GROUP
from schemas.records import Asked, OutgoingRecord
from schemas.results import Result
from schemas.settings import KafkaSettings
from schemas.topics import RESERVE

CODE_IDS: Final = ("0b6f3c1e9a4d4c7f8e21d5a7c3b90f12", "5d2a8f7b1c3e4960a7b4e8d1f6c2093a")
HELD_UNTIL: Final = AT + timedelta(minutes=15)
OF_STOCK: Final[dict[str, Any]] = {"campaign_id": CAMPAIGN, "code_type": "tm"}
COUNTED: Final[dict[str, Any]] = {"import_id": "spring-1", **OF_STOCK, "bytes_total": 734_003, "at": AT}


def answer(request: Asked[Any], outcome: str, **more: object) -> OutgoingRecord:
    asked = request.request
    fields = {"request_id": asked.request_id, "operation": asked.operation, "outcome": outcome, "decided_at": AT}
    return result_record(Result.model_validate({**fields, **IDS, **more}), request, TOPICS)


MOVED: Final[dict[str, Any]] = {
    "code_type": "tm",
    "quantity": 2,
    "code_ids": CODE_IDS,
    "reservation_id": RESERVATION,
}
RESERVED: Final = answer(RESERVE_TWO, "reserved", **MOVED, expires_at=HELD_UNTIL)
ASSIGNED: Final = answer(ASSIGN_HELD, "assigned", **MOVED)
REFUSED: Final = answer(RESERVE_SHORT, "refused", code_type="tm", quantity=1, reason="out_of_stock")
REPLY: Final = copy_for(RESERVED, RESERVE_TWO.record, REPLY_TOPIC, None)
REPLY_REFUSED: Final = with_reply(RESERVED, RESERVE_TWO.record, {}).result
EVENT: Final = CodeAssigned(
    **OF_STOCK,
    fan_id=FAN,
    code_id=CODE_IDS[0],
    code="MADE-UP-CODE-1",
    request_id=ASSIGN_HELD.request.request_id,
    reservation_id=RESERVATION,
    assigned_at=AT,
)
CHANGE: Final = InventoryChanged(
    **OF_STOCK,
    shard="reserve.requests.v1.3",
    version=812,
    available=-1604,
    reserved=37,
    assigned=0,
    cause="reserve",
    changed_at=AT,
)
RUNNING: Final = ImportProgressed(**COUNTED, state="running", rows_read=5_000, inserted=5_000, bytes_read=70_114)
COMPLETED: Final = ImportProgressed(
    **COUNTED,
    state="completed",
    rows_read=52_340,
    inserted=52_311,
    duplicates=27,
    duplicates_in_file=20,
    duplicates_in_campaign=7,
    rejected=2,
    bytes_read=734_003,
    report="s3://codes-in/spring.csv.gz.spring-1.rejects.csv",
    duration_s=4.218,
)
FAILED: Final = ImportProgressed(**COUNTED | {"bytes_total": None}, state="failed", reason="no_such_object")
ALERT: Final = StockAlert(**OF_STOCK, level="low", available=5_231, total=52_311, threshold=5_231, at=AT)
UNREADABLE: Final = rejected(RESERVE, orjson.dumps({"request_id": "order-1004.reserve", **IDS, "quantity": 0}))
LETTER: Final = dead_letter_record(
    UNREADABLE, group=KafkaSettings().group_prefix + WORKER_GROUP, at=AT + timedelta(seconds=1), topics=TOPICS
)

EXAMPLES_OUT: Final[Mapping[type[Model], tuple[Example, ...]]] = {
    Result: (
        example("reserved", "Two codes are held for the fan.", RESERVED),
        example("assigned", "The codes are assigned to the fan permanently.", ASSIGNED),
        example("refused", "There are fewer codes than requested.", REFUSED),
        example("reply-refused", "The requested reply topic is not allowed.", REPLY_REFUSED),
    ),
    CodeAssigned: (example("assigned", "One of the two codes.", assigned_record(EVENT, ASSIGN_HELD.record, TOPICS)),),
    InventoryChanged: (
        example("reserve", "A shard's totals, which may be negative.", inventory_record(CHANGE, TOPICS)),
    ),
    ImportProgressed: (
        example("running", "Progress of an import.", import_record(RUNNING, "example.running", TOPICS)),
        example("completed", "A completed import.", import_record(COMPLETED, "example.completed", TOPICS)),
        example("failed", "An import that could not start.", import_record(FAILED, "example.failed", TOPICS)),
    ),
    StockAlert: (example("low", "A tenth of the stock is left.", alert_record(ALERT, "example.low", TOPICS)),),
}
REPLIES: Final = (example("reserved", "A copy of the result, on the topic that the request named.", REPLY),)
LETTERS: Final = (
    Example("invalid", "A quantity out of range.", as_text(LETTER.headers), (LETTER.value or b"").decode()),
)
