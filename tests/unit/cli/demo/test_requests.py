"""The service decodes the demo's records as the demo expects: readable, or malformed with the same request id."""

from random import Random

from cli.demo.requests import NOWHERE, SHORT, VIP, RequestRecord, first_wave, malformed, second_wave, too_late
from cli.demo.watching import Received
from consumers.decode import decode_request
from schemas.records import Asked, IncomingRecord, Rejected
from schemas.requests import Request
from tests.fakes.builders import SIZES, TOPICS, a_result

REQUESTS = 2_000


def decoded(record: RequestRecord) -> Asked[Request] | Rejected:
    """Decode a record as the worker does."""
    incoming = IncomingRecord(TOPICS.prefix + record.topic, 0, 0, 0, record.key, record.value, record.headers)
    return decode_request(incoming, record.topic, SIZES)


def request_id(read: Asked[Request] | Rejected) -> str | None:
    return read.request_id if isinstance(read, Rejected) else read.request.request_id


def reserved(first: list[RequestRecord]) -> list[dict[str, object]]:
    """A result for each reserve, as if all had succeeded."""
    ids = [record.request_id for record in first if record.topic == "reserve.requests.v1" and not record.is_malformed]
    return [a_result(request_id=id_, reservation_id=id_).model_dump(mode="json") for id_ in ids]


def all_waves() -> list[RequestRecord]:
    chance = Random(1)
    first = first_wave(chance, REQUESTS)
    results = reserved(first)
    return [*first, *second_wave(chance, first, results, REQUESTS), *too_late(results[:5])]


def test_malformed_records_are_rejected_and_the_others_read() -> None:
    """Each is answered under the id that the demo waits for, or only by a dead letter."""
    for record in all_waves():
        read = decoded(record)

        assert record.is_malformed == isinstance(read, Rejected), record
        assert record.request_id == request_id(read)


def test_the_traffic_has_every_kind_of_request() -> None:
    """Unknown campaigns, a campaign that runs out, short holds, thieves, repeats, every kind of malformed record."""
    records = all_waves()
    values = b"\n".join(record.value or b"" for record in records)
    ids = [record.request_id for record in records if record.request_id is not None]

    assert REQUESTS <= len(records)
    assert all(word.encode() in values for word in (NOWHERE, VIP, SHORT, "demo-thief", "no-such-0"))
    assert len(ids) > len(set(ids))
    assert {"not_json", "invalid", "too_large"} == {
        read.reason for record in malformed(Random(1), 13) if isinstance(read := decoded(record), Rejected)
    }


def test_the_same_seed_sends_the_same_records() -> None:
    """A failed run can be repeated."""
    assert all_waves() == all_waves()


def test_a_result_counts_once_and_a_dead_letter_only_for_a_record_without_id() -> None:
    """A repeat needs its own result; the dead letter of a record that has a result counts for no other record."""
    records = [
        RequestRecord("t", b"k", b"", "r-1"),
        RequestRecord("t", b"k", b"", "r-1"),
        RequestRecord("t", b"k", b"", "bad-1", is_malformed=True),
        RequestRecord("t", b"k", b"", None, is_malformed=True),
    ]
    received = Received(TOPICS)

    received.answers.update(["r-1", "bad-1", "r-9"])
    received.dead_letters = 1
    assert 2 == received.answered(records)

    received.answers.update(["r-1", "r-1"])
    received.dead_letters = 2
    assert len(records) == received.answered(records)
