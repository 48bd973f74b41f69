"""What the client raises, as one of our errors: to be tried again, or not.

In:       an error of aiokafka.
Out:      `BrokerUnavailable` or `KafkaRefused`.
Promise:  what a broker that comes back would heal is never a refusal, whatever the client's `retriable` says.
"""

from typing import Final

from aiokafka.errors import CorruptRecordException, KafkaConnectionError, KafkaError, KafkaTimeoutError

from ops.broker.client import KafkaRefused
from schemas.errors import BrokerUnavailable, CodeServiceError

PASSING: Final = (CorruptRecordException, KafkaConnectionError, KafkaTimeoutError)
"""The client does not call all of them retriable; a partition without a leader, for one, is a KafkaTimeoutError."""


def is_passing(why: KafkaError) -> bool:
    """Whether it is worth another try. The bare class is what the client raises when it knows nothing more."""
    return why.retriable or type(why) is KafkaError or isinstance(why, PASSING)


def of_ours(why: KafkaError, said: str) -> CodeServiceError:
    """The error with this text."""
    return BrokerUnavailable(said) if is_passing(why) else KafkaRefused(said)
