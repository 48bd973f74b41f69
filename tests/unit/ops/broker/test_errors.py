"""Which errors of the client are waited for, and which end a command."""

import pytest
from aiokafka import errors
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from ops.broker.client import KafkaRefused
from ops.broker.reading import kafka_errors
from ops.broker.topics import admin_client
from ops.settings.load import load_settings
from schemas.errors import BrokerUnavailable, CodeServiceError

SETTINGS = load_settings({"CODES_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:9"})
CASES = [
    (errors.KafkaTimeoutError("a partition has no leader"), BrokerUnavailable),
    (errors.KafkaError("Unexpected error during data retrieval"), BrokerUnavailable),
    (errors.KafkaConnectionError(), BrokerUnavailable),
    (errors.NotLeaderForPartitionError(), BrokerUnavailable),
    (errors.CorruptRecordException(), BrokerUnavailable),
    (errors.TopicAuthorizationFailedError(), KafkaRefused),
    (errors.PolicyViolationError(), KafkaRefused),
    (errors.UnsupportedCodecError(), KafkaRefused),
]


@pytest.mark.parametrize(("why", "expected"), CASES, ids=lambda case: str(case)[:40])
def test_a_reader_tries_again_what_may_pass(why: KafkaError, expected: type[CodeServiceError]) -> None:
    """`tail` and `publish --wait` wait for a partition without a leader, and end at what stays refused."""
    with pytest.raises(expected, match=r"^Kafka at 127\.0\.0\.1:9: "), kafka_errors(SETTINGS.kafka):
        raise why


@pytest.mark.parametrize(("why", "expected"), CASES, ids=lambda case: str(case)[:40])
async def test_an_admin_client_says_the_same(
    why: KafkaError, expected: type[CodeServiceError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is asked of it."""

    async def start(_: AIOKafkaAdminClient) -> None:
        raise why

    monkeypatch.setattr(AIOKafkaAdminClient, "start", start)
    with pytest.raises(expected, match=r"^Kafka at 127\.0\.0\.1:9: "):
        async with admin_client(SETTINGS):
            pass
