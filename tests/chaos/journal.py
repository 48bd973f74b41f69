"""The storm's own log: every fault as it was carried out, every start and end of a process.

In:       a folder.
Out:      `storm.jsonl` in it, a line an event, with seconds since the start.
"""

import json
import time
from pathlib import Path
from typing import Any


class Journal:
    """Lives as long as a storm."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.began_ms = round(time.time() * 1000)
        self._began_s = time.monotonic()
        self._file = (folder / "storm.jsonl").open("w", buffering=1)

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._began_s

    def note(self, event: str, **event_fields: Any) -> None:
        """Write a line."""
        line = {"at_s": round(self.seconds, 3), "time": round(time.time(), 3), "event": event, **event_fields}
        self._file.write(json.dumps(line, default=str) + "\n")

    def close(self) -> None:
        self._file.close()
