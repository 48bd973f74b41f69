"""Sound histories made unsound, each in one way.

Out: `DOCTORED`, with the kind of finding that each must give; `clean`; the functions that change a history.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from audit.history import CodeRow, History
from audit.report import Kind
from schemas.records import IncomingRecord
from tests.fakes.history import CODES, a_history, saying, with_ce_id, with_records

Doctoring = Callable[[History], History]

clean = cache(a_history)


def dropped(topic: str, position: int) -> Doctoring:
    """Without one record of a topic."""
    return lambda history: with_records(
        history, topic, lambda records: [*records[:position], *records[position:][1:]]
    )


def doubled(topic: str, position: int) -> Doctoring:
    """With one record of a topic once more."""
    return lambda history: with_records(history, topic, lambda records: [*records, records[position]])


def changed(topic: str, position: int, change: Callable[[IncomingRecord], IncomingRecord]) -> Doctoring:
    """With one record of a topic changed."""

    def doctor(records: list[IncomingRecord]) -> list[IncomingRecord]:
        return [change(record) if number == position else record for number, record in enumerate(records)]

    return lambda history: with_records(history, topic, doctor)


def added(topic: str, position: int, change: Callable[[IncomingRecord], IncomingRecord]) -> Doctoring:
    """With one more record, made from another of its topic."""
    return lambda history: with_records(history, topic, lambda records: [*records, change(records[position])])


def with_document(collection: str, position: int, changes: Mapping[str, object]) -> Doctoring:
    """With one document of a collection changed."""

    def doctor(history: History) -> History:
        found = [dict(document) for document in getattr(history.database, collection)]
        found[position] |= changes
        return in_database(history, **{collection: found})

    return doctor


def with_code(history: History, position: int, **changes: str) -> History:
    """With one code changed."""
    codes = list(history.database.codes)
    codes[position] = CodeRow(**{**codes[position]._asdict(), **changes})
    return in_database(history, codes=codes)


def in_database(history: History, **changes: Sequence[Any]) -> History:
    """With other contents of some collections."""
    return replace(history, database=replace(history.database, **changes))


def a_secret() -> str:
    """The value of a code that nobody holds."""
    return clean().database.codes[-1].value


def reserved_code(history: History) -> int:
    """Where a reserved code stands."""
    return next(number for number, code in enumerate(history.database.codes) if code.status == "reserved")


DOCTORED: dict[str, tuple[Doctoring, Kind]] = {
    "a result is missing": (dropped("results.v1", 0), "lost"),
    "the result of a repeat is missing": (dropped("results.v1", 4), "lost"),
    "a result stands there twice": (doubled("results.v1", 0), "doubled"),
    "a result answers nobody": (
        added("results.v1", 0, lambda record: with_ce_id(saying(record, request_id="r-nobody"), "x")),
        "doubled",
    ),
    "one ce_id has two bodies": (
        changed("results.v1", 4, lambda record: saying(record, code_ids=["c-9", "c-10"])),
        "doubled",
    ),
    "a request has two decisions": (
        changed("results.v1", 4, lambda record: with_ce_id(saying(record, outcome="refused"), "x")),
        "doubled",
    ),
    "a result says what the ledger does not": (
        changed("results.v1", 1, lambda record: saying(record, code_ids=["c-9"])),
        "drift",
    ),
    "a result is of another form": (changed("results.v1", 1, lambda record: saying(record, outcome="won")), "drift"),
    "a dead letter is missing": (dropped("dead-letters.v1", 0), "lost"),
    "a dead letter stands there twice": (doubled("dead-letters.v1", 0), "doubled"),
    "a dead letter holds other bytes": (
        changed("dead-letters.v1", 0, lambda record: replace(record, value=b"not")),
        "lost",
    ),
    "an assigned event is missing": (dropped("assigned.v1", 0), "lost"),
    "an assigned event stands there twice": (doubled("assigned.v1", 0), "doubled"),
    "a code goes to two fans": (
        added("assigned.v1", 0, lambda record: with_ce_id(saying(record, fan_id="thief"), "x")),
        "doubled",
    ),
    "a code is assigned by two requests": (
        added("assigned.v1", 0, lambda record: with_ce_id(saying(record, request_id="a-9"), "x")),
        "doubled",
    ),
    "a value goes out under two code ids": (
        added("assigned.v1", 0, lambda record: with_ce_id(saying(record, code_id="c-99"), "x")),
        "doubled",
    ),
    "a fan gets another code's value": (
        changed("assigned.v1", 0, lambda record: saying(record, code="SECRET-99")),
        "drift",
    ),
    "a code is in two reservations": (
        with_document("reservations", 1, {"state": "held", "code_ids": ["c-1"]}),
        "doubled",
    ),
    "another fan holds what was assigned": (with_document("reservations", 0, {"fan_id": "thief"}), "doubled"),
    "a code is reserved by nobody": (lambda history: with_code(history, -1, status="reserved"), "drift"),
    "a held code is available": (
        lambda history: with_code(history, reserved_code(history), status="available"),
        "drift",
    ),
    "a shard is off by one": (with_document("inventory", 0, {"available": CODES + 1}), "drift"),
    "a shard is missing": (lambda history: in_database(history, inventory=history.database.inventory[1:]), "drift"),
    "an inventory event is missing": (dropped("inventory.v1", 0), "drift"),
    "an inventory event has other counts": (
        changed("inventory.v1", 0, lambda record: saying(record, available=CODES + 1)),
        "drift",
    ),
    "an inventory event is newer than the database": (
        added("inventory.v1", 0, lambda record: with_ce_id(saying(record, version=99), "x")),
        "drift",
    ),
    "an import does not add up": (changed("imports.v1", 0, lambda record: saying(record, rows_read=99)), "drift"),
    "an import's document does not add up": (with_document("imports", 0, {"rejected": 9}), "drift"),
    "an import says more than it inserted": (
        changed("imports.v1", 0, lambda record: saying(record, inserted=CODES + 1, rows_read=CODES + 4)),
        "drift",
    ),
    "a code is gone": (lambda history: in_database(history, codes=history.database.codes[:-1]), "drift"),
    "an import has no end": (dropped("imports.v1", 0), "lost"),
    "an import ends in two ways": (
        added("imports.v1", 0, lambda record: with_ce_id(saying(record, state="failed"), "x")),
        "doubled",
    ),
    "a code stands in a result": (
        changed("results.v1", 3, lambda record: saying(record, fan_id=a_secret())),
        "leak",
    ),
    "a code is a result's key": (
        changed("results.v1", 3, lambda record: replace(record, key=a_secret().encode())),
        "leak",
    ),
    "a code stands in a result's header": (
        changed(
            "results.v1", 3, lambda record: replace(record, headers=(*record.headers, ("x", a_secret().encode())))
        ),
        "leak",
    ),
    "a code stands in an inventory event": (
        changed("inventory.v1", 0, lambda record: saying(record, shard=a_secret())),
        "leak",
    ),
    "a code stands in an import's event": (
        changed("imports.v1", 0, lambda record: saying(record, reason=f"line 3: '{a_secret()}'")),
        "leak",
    ),
    "a dead letter's detail quotes a code": (
        changed("dead-letters.v1", 0, lambda record: replace(record, headers=(("dlq-detail", a_secret().encode()),))),
        "leak",
    ),
    "a log contains a code": (
        lambda history: replace(history, texts={"worker.log": f'{{"event": "x", "doc": "code={a_secret()};"}}'}),
        "leak",
    ),
    "a metric has a code for a label": (
        lambda history: replace(history, texts={"metrics": f'codes_x{{code="{a_secret()}"}} 1'}),
        "leak",
    ),
    "the ledger holds a code": (with_document("requests", 0, {"note": f"got {a_secret()}"}), "leak"),
    "a rejected row holds a code": (
        lambda history: in_database(history, rejects=[{"_id": "i-1:7", "row": a_secret()}]),
        "leak",
    ),
    "a cancellation holds a code": (
        lambda history: in_database(history, cancellations=[{"_id": "i-1", "note": a_secret()}]),
        "leak",
    ),
    "a reservation holds a code": (with_document("reservations", 0, {"codes": [a_secret()]}), "leak"),
}
