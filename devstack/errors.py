"""Errors of the local stack; each message says what to do.

Out:      StackError and its subclasses. The command line prints their message and nothing else.
"""


def with_log(event: str, log_end: list[str]) -> str:
    """A message with the end of a log below it."""
    return "\n".join([f"{event}. The end of its log:", *(f"  | {line}" for line in log_end or ["(empty)"])])


class StackError(Exception):
    """An operation on the local stack failed; the message says what to do."""


class PartMissingError(StackError):
    """A program or package of a part is not installed. Install it, or choose another engine."""


class PartFailedError(StackError):
    """A part died or did not answer; the message includes the end of its log."""

    def __init__(self, name: str, reason: str, log_end: list[str]) -> None:
        self.name = name
        self.log_end = log_end
        super().__init__(with_log(f"{name} {reason}", log_end))


class StackBusyError(StackError):
    """Another `codes dev` command holds the lock of this folder. Wait for it, or end it."""
