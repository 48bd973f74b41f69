"""Whether an error of a connection is a refusal, and what a person should read.

In:       what aiokafka or the TLS library raised.
Out:      the reason in words; None for what may succeed when it is retried.
Promise:  no part of a token, password or key is in it.
"""

import json
import re
import ssl
from collections.abc import Iterator
from typing import Final

from aiokafka.errors import BrokerResponseError, IllegalSaslStateError, KafkaError, UnsupportedSaslMechanismError

AUTHENTICATION_FAILED: Final = 58
"""`SASL_AUTHENTICATION_FAILED`."""
WORD: Final = re.compile(r"[A-Za-z0-9_.-]{1,60}")
CAUSES_MAX: Final = 8


class TokenRejected(KafkaError):  # type: ignore[misc]  # aiokafka is not typed
    """The broker rejects a token, with an answer in the form of RFC 7628."""

    def __init__(self, answer: bytes) -> None:
        super().__init__(f"it rejects the token ({word_in(answer, 'status')})")


class TokenRefused(KafkaError):  # type: ignore[misc]  # as above
    """No token is given for these credentials."""


class TokenUnavailable(KafkaError):  # type: ignore[misc]  # as above
    """No token at the moment."""

    retriable = True


def refusal_of(why: BaseException) -> str | None:
    """Why no retry with the same credentials will help; None if one may."""
    for cause in causes(why):
        if isinstance(cause, ssl.SSLError):
            return tls_refusal(cause)
        if isinstance(cause, TokenRejected | TokenRefused):
            return str(cause.args[0])  # without the class, which aiokafka puts before it
        if isinstance(cause, UnsupportedSaslMechanismError | IllegalSaslStateError):
            return "it does not offer this mechanism at this listener"
        if isinstance(cause, BrokerResponseError) and cause.errno == AUTHENTICATION_FAILED:
            return "it refuses the login (user, password or token)"
        if isinstance(cause, ValueError):
            return "it does not know the password (its SCRAM signature is wrong)"
    return None


def tls_refusal(why: ssl.SSLError) -> str | None:
    """The reason of a TLS error; None for a connection that only ended."""
    if isinstance(why, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {why.verify_message.rstrip('.')}"
    reason = why.reason or ""
    if "ALERT" in reason:
        return f"it refuses the TLS connection: {words(reason)}; check the client certificate"
    return "it does not use TLS at this listener" if reason == "WRONG_VERSION_NUMBER" else None


def words(reason: str) -> str:
    """`TLSV13_ALERT_CERTIFICATE_REQUIRED` as `certificate required`."""
    return reason.rpartition("ALERT_")[2].replace("_", " ").lower()


def causes(why: BaseException | None) -> Iterator[BaseException]:
    """The error and what it came from."""
    for _ in range(CAUSES_MAX):
        if why is None:
            return
        yield why
        why = why.__cause__ or why.__context__


def word_in(answer: bytes, field: str) -> str:
    """A field of a JSON answer if it is a single word; an answer may quote what was sent to it."""
    try:
        found = json.loads(answer)[field]
    except (ValueError, KeyError, TypeError):
        return "no reason"
    return found if isinstance(found, str) and WORD.fullmatch(found) else "no reason"
