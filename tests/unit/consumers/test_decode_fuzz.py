"""Decode, results, dead letters and log lines of generated records: `make fuzz` generates 100,000 of them."""

import json
import re
from collections import Counter
from typing import Any, Final, get_args

import pytest

from consumers.decode import decode_command, decode_request
from ops.telemetry.fact_log import dead_letter_fields
from producers.envelope import OWN_HEADERS, dead_letter_record, invalid_result_record
from producers.replies import with_reply
from schemas.observation.requests import DeadLetterWritten
from schemas.records import Asked, DeadLetterReason, OutgoingRecord, Rejected
from schemas.requests import Request
from schemas.topics import IMPORT
from tests.fakes.builders import NOW, SIZES, TOPICS
from tests.fakes.fuzz_records import KINDS, Fuzzed, a_fuzzed_record
from tests.fakes.fuzz_seed import TIMES, seeded
from tests.fakes.rejections import CANARY

RECORDS: Final = 10_000 * TIMES
DETAIL: Final = re.compile(r"[\w.]+(\[\d+\])?: [ -~]+")
"""A field or a part of the record, and a reason, in one line."""
DETAIL_LENGTH_MAX: Final = 500


@pytest.mark.timeout(60 + 20 * TIMES)
def test_every_record_is_a_request_or_a_rejection_that_keeps_its_values_to_itself() -> None:
    """No other exception, and nothing of the record in a detail, in a header of ours or in the log."""
    random, verdicts = seeded(), Counter[tuple[str, str]]()
    for number in range(RECORDS):
        fuzzed = a_fuzzed_record(random, number)
        found = decode_request(fuzzed.incoming(number), fuzzed.topic, SIZES)
        verdicts[fuzzed.kind, "asked" if isinstance(found, Asked) else found.reason] += 1
        try:
            check(fuzzed, found)
            check_command(fuzzed, number)
        except Exception as why:
            raise AssertionError(f"record {number}, {fuzzed.kind}: {found!r:.1500}") from why

    assert set(KINDS) == {kind for kind, _ in verdicts}
    assert {"asked", "not_json", "invalid", "too_large"} == {verdict for _, verdict in verdicts}


def check(fuzzed: Fuzzed, found: Asked[Request] | Rejected) -> None:
    """What must be true of a verdict."""
    if isinstance(found, Rejected):
        check_rejected(found)
        check_dead_letter(found, dead_letter_record(found, group="g", at=NOW, topics=TOPICS))
        check_answer(found)
        return
    assert not fuzzed.is_bad
    fields = json.loads(fuzzed.value or b"")
    read = found.request.model_dump(mode="json")
    defaults = {name: field.default for name, field in type(found.request).model_fields.items()}
    assert {name: fields.get(name, defaults[name]) for name in read} == read


def check_command(fuzzed: Fuzzed, number: int) -> None:
    """As a command, nearly all of it is unreadable; there is no result to it."""
    found = decode_command(fuzzed._replace(topic=IMPORT.name).incoming(number), SIZES)
    if isinstance(found, Rejected):
        check_rejected(found)
        assert invalid_result_record(found, TOPICS) is None


def check_rejected(found: Rejected) -> None:
    """It says where and why, and no value."""
    assert found.reason in get_args(DeadLetterReason)
    assert all(map(DETAIL.fullmatch, found.detail.split("; "))), found.detail
    assert len(found.detail) <= DETAIL_LENGTH_MAX
    assert CANARY not in found.detail
    assert CANARY not in json.dumps(dead_letter_fields(DeadLetterWritten(found)))


def check_dead_letter(found: Rejected, letter: OutgoingRecord) -> None:
    """The original bytes; our headers replace those that have their names, and have no value of the record."""
    assert (found.record.key, found.record.value) == (letter.key, letter.value)
    ours = [(name, value) for name, value in letter.headers if name.startswith(OWN_HEADERS)]
    assert CANARY.encode() not in b" ".join(value or b"" for _, value in ours)
    assert sorted({name for name, _ in ours}) == sorted(name for name, _ in ours)
    theirs = [header for header in letter.headers if not header[0].startswith(OWN_HEADERS)]
    assert [header for header in found.record.headers if header in theirs] == theirs
    assert all(name.encode() for name, _ in theirs if name)


def check_answer(found: Rejected) -> None:
    """Where the request id could be read, its sender is answered."""
    result = invalid_result_record(found, TOPICS)
    assert (found.request_id is None) == (result is None)
    if result is not None:
        body: dict[str, Any] = json.loads(result.value or b"")
        assert ("refused", "invalid_request") == (body["outcome"], body["reason"])
        assert found.request_id == body["request_id"]
        with_reply(result, found.record, {"answers": 1})
