"""When a file was written last, to notice that it was replaced."""

from pathlib import Path
from typing import NamedTuple


class Stamp(NamedTuple):
    """What differs when a file was written or replaced, also by a symbolic link to another one."""

    modified_ns: int
    bytes: int
    inode: int


def stamp_of(path: str | Path) -> Stamp | None:
    """The stamp of a file; None while it cannot be looked at."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return Stamp(found.st_mtime_ns, found.st_size, found.st_ino)
