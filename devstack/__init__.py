"""Kafka, a database that speaks MongoDB's protocol, and S3, on one machine, from PyPI alone.

stack = devstack.up()
os.environ.update(stack.environment())
"""

from devstack.errors import PartFailedError, PartMissingError, StackBusyError, StackError
from devstack.nodes import Node, nodes, start_node
from devstack.stack import Stack, current, down, status, up
from devstack.status import PartStatus

__all__ = [
    "Node",
    "PartFailedError",
    "PartMissingError",
    "PartStatus",
    "Stack",
    "StackBusyError",
    "StackError",
    "current",
    "down",
    "nodes",
    "start_node",
    "status",
    "up",
]
