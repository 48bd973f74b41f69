"""Errors as a server answers them: codes, names and labels.

In:   a code, and what was being done.
Out:  `ServerError`, which becomes an answer with `ok: 0`; `NotModelled`, for what no simulated server does.
"""

from typing import Any, Final

NAMES: Final = {
    6: "HostUnreachable",
    7: "HostNotFound",
    11: "UserNotFound",
    13: "Unauthorized",
    18: "AuthenticationFailed",
    24: "LockTimeout",
    26: "NamespaceNotFound",
    43: "CursorNotFound",
    46: "LockBusy",
    48: "NamespaceExists",
    50: "MaxTimeMSExpired",
    59: "CommandNotFound",
    64: "WriteConcernTimeout",
    66: "ImmutableField",
    89: "NetworkTimeout",
    91: "ShutdownInProgress",
    112: "WriteConflict",
    121: "DocumentValidationFailure",
    133: "FailedToSatisfyReadPreference",
    134: "ReadConcernMajorityNotAvailableYet",
    189: "PrimarySteppedDown",
    202: "NetworkInterfaceExceededTimeLimit",
    216: "ElectionInProgress",
    225: "TransactionTooOld",
    246: "SnapshotUnavailable",
    251: "NoSuchTransaction",
    256: "TransactionCommitted",
    257: "TransactionTooLarge",
    262: "ExceededTimeLimit",
    290: "TransactionExceededLifetimeLimitSeconds",
    388: "TransactionTooLargeForCache",
    391: "ReauthenticationRequired",
    8_000: "AtlasError",
    9_001: "SocketException",
    10_058: "LegacyNotPrimary",
    10_107: "NotWritablePrimary",
    10_334: "BSONObjectTooLarge",
    11_000: "DuplicateKey",
    11_600: "InterruptedAtShutdown",
    11_601: "Interrupted",
    11_602: "InterruptedDueToReplStateChange",
    13_435: "NotPrimaryNoSecondaryOk",
    13_436: "NotPrimaryOrSecondary",
    17_280: "KeyTooLong",
}
NOT_PRIMARY: Final = frozenset({189, 10_058, 10_107, 11_602, 13_435, 13_436})
SHUTDOWN: Final = frozenset({91, 11_600})
RETRIABLE: Final = NOT_PRIMARY | SHUTDOWN | {6, 7, 89, 134, 262, 9_001}
"""A retryable write that fails with one of them has the label `RetryableWriteError`."""
TRANSIENT: Final = NOT_PRIMARY | SHUTDOWN | {24, 112, 246, 251}
"""A statement of a transaction that fails with one of them has the label `TransientTransactionError`."""
ENDS: Final = frozenset({"commitTransaction", "abortTransaction"})


class NotModelled(AssertionError):
    """The code under simulation uses something that the simulation does not have: add it, or do not use it."""


class ServerError(Exception):
    """What a command fails with. `labels`: None for those that a server would add."""

    def __init__(self, code: int, message: str = "", labels: tuple[str, ...] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.message = message or NAMES.get(code, "error")
        self.labels = labels

    def body(self) -> dict[str, Any]:
        """As it stands in an answer, without labels."""
        return {"code": self.code, "codeName": NAMES.get(self.code, f"Location{self.code}"), "errmsg": self.message}

    def answer(self, command: dict[str, Any]) -> dict[str, Any]:
        """The whole answer."""
        labels = labels_of(self.code, command) if self.labels is None else self.labels
        return {"ok": 0.0, **self.body(), **({"errorLabels": list(labels)} if labels else {})}


def labels_of(code: int, command: dict[str, Any], *, in_write_concern: bool = False) -> tuple[str, ...]:
    """The labels that a server adds."""
    name = next(iter(command))
    if "txnNumber" not in command:
        return ()
    if name in ENDS:
        if code in RETRIABLE:
            return ("RetryableWriteError",)
        is_gone = name == "commitTransaction" and code == 251 and not in_write_concern
        return ("TransientTransactionError",) if is_gone else ()
    if command.get("autocommit") is False:
        return ("TransientTransactionError",) if code in TRANSIENT else ()
    return ("RetryableWriteError",) if code in RETRIABLE else ()
