"""The errors of the client. A refusal is no error: it is a result, `Refused`.

Out: `NoAnswer`, `KafkaUnavailable`, `UnreadableEvent`.
"""


class CodesClientError(Exception):
    """Base class of the client's errors."""


class NoAnswer(CodesClientError):
    """No result came in time. It is unknown whether the request was decided: repeat it under the same `request_id`.

    If it happens for every request: is the reply topic in `CODES_TOPICS__REPLY_ALLOWED` of the service?
    """

    def __init__(self, request_id: str, attempts: int) -> None:
        super().__init__(f"no result for request {request_id} after {attempts} attempts")
        self.request_id = request_id


class UnreadableEvent(CodesClientError):
    """A record of `assigned.v1` is no event of this version. Nothing behind it is read: update the client."""


class KafkaUnavailable(CodesClientError):
    """Kafka does not answer, or refuses the login. Check the address and the credentials."""
