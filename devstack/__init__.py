"""Kafka, a database that speaks MongoDB's protocol, and S3, on one machine, from PyPI alone.

stack = devstack.up()
os.environ.update(stack.environment())
"""

from devstack.errors import PartFailedError, PartMissingError, StackBusyError, StackError
from devstack.stack import PartStatus, Stack, current, down, status, up

__all__ = [
    "PartFailedError",
    "PartMissingError",
    "PartStatus",
    "Stack",
    "StackBusyError",
    "StackError",
    "current",
    "down",
    "status",
    "up",
]
