"""Stopping nodes: only recorded processes, and only if the pid was not reused.

In:       names of nodes and the state file.
Out:      the names of the nodes that ran.
"""

from collections.abc import Collection

from devstack import processes
from devstack.state import StateFile


def stop_parts(names: Collection[str], file: StateFile, *, orderly: bool = True) -> list[str]:
    """Stop these nodes and remove their records; returns the names of those that ran."""
    records = [record for record in file.read().parts.values() if record.name in names]
    running = [record for record in records if record.is_running]
    processes.stop((record.who for record in running), orderly=orderly)
    file.forget(names)
    return [record.name for record in running]
