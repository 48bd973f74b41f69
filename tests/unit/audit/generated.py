"""An audit of a made-up deployment, to measure its memory: `python tests/unit/audit/generated.py 10000000`.

In:       how many records.
Out:      one JSON object: records, findings, seconds, megabytes of memory (the highest resident size).
Promise:  records are made one by one and given to the real intake, tables on disk and checks.
"""

import json
import resource
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, Final

import orjson

from audit.audit import judged
from audit.code_search import Secrets
from audit.intake import Intake
from audit.report import AuditReport
from audit.tables import Tables, on_disk
from audit.terms import Terms
from schemas.base import rfc3339
from schemas.records import IncomingRecord

RECORDS_PER_CODE: Final = 10
"""Five requests, each with its result, for each code."""
BEGIN: Final = datetime(2026, 11, 24, 2, tzinfo=UTC)
SHARD: Final = "reserve.requests.v1.0"


def instant(number: int) -> datetime:
    """A hundred requests a second."""
    return BEGIN + timedelta(milliseconds=10 * number)


def a_record(topic: str, number: int, fields: dict[str, Any]) -> IncomingRecord:
    """On the topic's only partition."""
    headers = (("ce_id", f"{topic}-{number}".encode()),)
    at_ms = int(instant(number).timestamp() * 1000)
    return IncomingRecord(topic, 0, number, at_ms, f"fan-{number}".encode(), orjson.dumps(fields), headers)


def a_request(number: int) -> dict[str, Any]:
    """For one code."""
    return {"request_id": f"request-{number:012d}", "campaign_id": "sale", "fan_id": f"fan-{number}"}


def a_result(number: int) -> dict[str, Any]:
    """There never was a code."""
    names = {"operation": "reserve", "outcome": "refused", "code_type": "tm", "quantity": 1, "code_ids": []}
    decision = {"reservation_id": None, "expires_at": None, "reason": "out_of_stock"}
    return {**a_request(number), **names, **decision, "decided_at": rfc3339(instant(number))}


def an_event(version: int) -> dict[str, Any]:
    """Of a shard that has no code."""
    counts = {
        "available": 0,
        "reserved": 0,
        "assigned": 0,
        "cause": "reserve",
        "changed_at": rfc3339(instant(version)),
    }
    return {
        "campaign_id": "sale",
        "code_type": "tm",
        "shard": SHARD,
        "version": version,
        "cause": "reserve",
        **counts,
    }


def codes(count: int) -> Iterator[dict[str, Any]]:
    """Available ones, of another campaign."""
    for number in range(count):
        fields = {"campaign_id": "other", "code_type": "tm", "status": "available", "imported_by": "i-1"}
        yield {"_id": f"{number:032x}", "code": f"PROMO-2026-{number:010d}", "changed_at": BEGIN, **fields}


def fill(tables: Tables, intake: Intake, secrets: Secrets, records: int) -> None:
    """Codes first, as in a real audit."""
    for code in codes(records // RECORDS_PER_CODE):
        secrets.add(code["code"])
        tables.add("code_values", (tables.digest(code["code"].encode()), code["_id"]))
    tables.flush()
    tables.create_index("code_values(value)")
    for number in range(1, records // 2 + 1):
        intake.record("results.v1", a_record("results.v1", number, a_result(number)), is_served=True)
        if number % RECORDS_PER_CODE == 0:
            event = a_record("inventory.v1", number, an_event(number // RECORDS_PER_CODE))
            intake.record("inventory.v1", event, is_served=True)
        request = a_record("reserve.requests.v1", number, a_request(number))
        intake.record("reserve.requests.v1", request, is_served=True)
    for code in codes(records // RECORDS_PER_CODE):
        intake.code(code)


def audited(records: int) -> AuditReport:
    """The report; every result is lost to the ledger, so that there is something to find."""
    with on_disk() as tables:
        secrets = Secrets(find_id=tables.code_of, size=records // RECORDS_PER_CODE)
        intake = Intake(tables, secrets)
        fill(tables, intake, secrets, records)
        tables.create_indexes()
        return judged(tables, Terms(), secrets, intake.findings)


def main() -> None:
    """Print what it took."""
    began_s, records = monotonic(), int(sys.argv[1])
    report = audited(records)
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    seconds = round(monotonic() - began_s)
    counts = {"records": report.tally.requests + report.tally.results, "codes": report.tally.codes}
    print(json.dumps({**counts, "findings": len(report.findings), "seconds": seconds, "rss_mb": rss_mb}))  # noqa: T201 - its result


if __name__ == "__main__":
    main()
