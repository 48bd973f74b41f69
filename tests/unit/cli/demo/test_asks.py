"""What must hold: the demo's records are what they claim to be, to the service's own eyes."""

from random import Random

from cli.demo.asks import NOWHERE, SHORT, VIP, Ask, first_wave, malformed, second_wave, too_late
from cli.demo.watching import Heard
from consumers.decode import decode_request
from schemas.records import Asked, IncomingRecord, Rejected
from schemas.requests import Request
from tests.fakes.builders import SIZES, TOPICS, a_result

REQUESTS = 2_000


def decoded(ask: Ask) -> Asked[Request] | Rejected:
    """A record as the worker reads it."""
    record = IncomingRecord(TOPICS.prefix + ask.topic, 0, 0, 0, ask.key, ask.value, ask.headers)
    return decode_request(record, ask.topic, SIZES)


def request_id(read: Asked[Request] | Rejected) -> str | None:
    """Under which the worker would answer."""
    return read.request_id if isinstance(read, Rejected) else read.request.request_id


def reserved(first: list[Ask]) -> list[dict[str, object]]:
    """A result for each reserve, as if all had been served."""
    ids = [one.request_id for one in first if one.topic == "reserve.requests.v1" and not one.is_malformed]
    return [a_result(request_id=one, reservation_id=one).model_dump(mode="json") for one in ids]


def all_waves() -> list[Ask]:
    """Everything that a demo sends."""
    chance = Random(1)
    first = first_wave(chance, REQUESTS)
    results = reserved(first)
    return [*first, *second_wave(chance, first, results, REQUESTS), *too_late(results[:5])]


def test_malformed_records_are_rejected_and_the_others_read() -> None:
    """Each is answered under the id that the demo waits for, or by a dead letter alone."""
    for ask in all_waves():
        read = decoded(ask)

        assert ask.is_malformed == isinstance(read, Rejected), ask
        assert ask.request_id == request_id(read)


def test_there_is_something_of_everything() -> None:
    """Unknown campaigns, a campaign that runs out, short holds, thieves, repeats, each kind of nonsense."""
    asks = all_waves()
    values = b"\n".join(ask.value or b"" for ask in asks)
    ids = [ask.request_id for ask in asks if ask.request_id is not None]

    assert REQUESTS <= len(asks)
    assert all(word.encode() in values for word in (NOWHERE, VIP, SHORT, "demo-thief", "no-such-0"))
    assert len(ids) > len(set(ids))
    assert {"not_json", "invalid", "too_large"} == {
        read.reason for ask in malformed(Random(1), 13) if isinstance(read := decoded(ask), Rejected)
    }


def test_the_same_seed_asks_the_same() -> None:
    """So that a failure can be looked at again."""
    assert all_waves() == all_waves()


def test_an_answer_counts_once_and_a_dead_letter_for_who_has_no_id() -> None:
    """A repeat needs an answer of its own; an invalid result comes with a dead letter that answers nobody else."""
    asks = [
        Ask("t", b"k", b"", "r-1"),
        Ask("t", b"k", b"", "r-1"),
        Ask("t", b"k", b"", "bad-1", is_malformed=True),
        Ask("t", b"k", b"", None, is_malformed=True),
    ]
    heard = Heard(TOPICS)

    heard.answers.update(["r-1", "bad-1", "r-9"])
    heard.dead_letters = 1
    assert 2 == heard.answered(asks)

    heard.answers.update(["r-1", "r-1"])
    heard.dead_letters = 2
    assert len(asks) == heard.answered(asks)
