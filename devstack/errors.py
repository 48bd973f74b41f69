"""What can go wrong with the local stack, each said so that a person can mend it.

Out:      StackError and its kinds. Their message is all the command line prints.
"""


def with_log(what: str, log_end: list[str]) -> str:
    """Say what happened and show the end of the log beneath."""
    return "\n".join([f"{what}. The end of its log:", *(f"  | {line}" for line in log_end or ["(empty)"])])


class StackError(Exception):
    """The local stack cannot do what was asked; the message says what to do about it."""


class PartMissingError(StackError):
    """A program or package that a part needs is not on this machine. Install it, or choose another engine."""


class PartFailedError(StackError):
    """A part died or gave no answer; the message ends with the end of its log."""

    def __init__(self, name: str, reason: str, log_end: list[str]) -> None:
        self.name = name
        self.log_end = log_end
        super().__init__(with_log(f"{name} {reason}", log_end))


class StackBusyError(StackError):
    """Another `codes dev up` or `down` works on the same folder. Wait for it, or end it."""
