"""Stopping what runs: only what was recorded, and only if it still is that process.

In:       names of parts, the file that knows them.
Out:      the names of those that ran.
"""

from collections.abc import Collection

from devstack import processes
from devstack.state import PartName, StateFile


def stop_parts(names: Collection[PartName], file: StateFile) -> list[str]:
    """End these parts and forget them; their ports stay known. Name those that ran."""
    records = [record for record in file.read().parts.values() if record.name in names]
    running = [record for record in records if record.is_running]
    processes.stop(record.who for record in running)
    file.forget(names)
    return [record.name for record in running]
