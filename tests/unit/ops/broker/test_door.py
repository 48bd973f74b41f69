"""When a refused login is final: at the start at once, later after the patience."""

import pytest
from aiokafka.errors import KafkaConnectionError

from ops.broker.door import Door
from ops.broker.refusals import TokenRefused, TokenUnavailable, word_in
from schemas.errors import AccessRefused

REFUSED = TokenRefused("it refuses the secret")


def test_the_first_refusal_is_final_for_who_never_had_access() -> None:
    """Nothing was ever right, so nobody waits for it."""
    door = Door(10.0)
    door.failed("Kafka at a:1", REFUSED)

    with pytest.raises(AccessRefused, match=r"^Kafka at a:1: it refuses the secret$"):
        door.check()


def test_an_outage_is_never_final() -> None:
    """Neither the broker's nor the token endpoint's; the latter is named."""
    door = Door(10.0)
    door.failed("Kafka at a:1", KafkaConnectionError("no route"))
    door.check()
    door.failed("Kafka at a:1", TokenUnavailable("the token endpoint answered 503"))
    door.check()

    assert "the token endpoint answered 503" == door.outage


async def test_who_had_access_is_refused_for_good_after_the_patience() -> None:
    """A rotated secret may arrive in between, and then the patience begins anew."""
    now = [0.0]
    door = Door(10.0, lambda: now[0])
    door.opened()
    for at_s in (1.0, 10.9):
        now[0] = at_s
        door.failed("Kafka at a:1", REFUSED)
        door.check()
    door.opened()
    for at_s in (20.0, 29.0):
        now[0] = at_s
        door.failed("Kafka at a:1", REFUSED)
        door.check()

    now[0] = 30.0
    door.failed("Kafka at a:1", REFUSED)

    assert "Kafka at a:1: it refuses the secret" == str(await door.until_shut())


@pytest.mark.parametrize("answer", [b'{"status":"a b"}', b"[]", b"no JSON", b'{"status":{}}', b"{}"])
def test_an_answer_that_is_no_single_word_is_not_repeated(answer: bytes) -> None:
    """It may quote the token."""
    assert "no reason" == word_in(answer, "status")
