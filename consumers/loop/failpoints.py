"""Named places where a test may kill or stop the process: crashes at exact moments, not after a sleep.

In:   `CODES_FAILPOINT=<point>:<kill|stop>[:<n-th time>]`; without it nothing ever happens.
Out:  SIGKILL or SIGSTOP to this very process.
"""

import os
import re
import signal
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from schemas.errors import SettingsInvalid

Point = Literal[
    "before_apply",
    "after_apply",
    "after_emit",
    "before_chunk",
    "after_chunk",
    "before_report",
    "before_import_end",
    "after_alert",
]
POINTS: Final[tuple[str, ...]] = get_args(Point)
SIGNALS: Final = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}
PATTERN: Final = rf"^({'|'.join(POINTS)}):({'|'.join(SIGNALS)})(:[1-9][0-9]{{0,8}})?$"
"""Of the setting; `ops/settings/load.py` checks it."""


@dataclass(slots=True)
class Failpoint:
    """At most one of a process; without a name it is never reached."""

    point: str | None = None
    acts_by: signal.Signals = signal.SIGKILL
    left: int = field(default=1)
    """Times the point must still be reached before it acts; it acts once."""

    def reached(self, point: Point) -> None:
        """Die or freeze here, if this is the place and the time."""
        if point != self.point:
            return
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), self.acts_by)


def failpoint_from(text: str | None) -> Failpoint:
    """Read the setting.

    Raises:
        SettingsInvalid: not a known point, or not of the form above.
    """
    if text is None:
        return Failpoint()
    if re.fullmatch(PATTERN, text) is None:
        raise SettingsInvalid(f"CODES_FAILPOINT: must be <{'|'.join(POINTS)}>:<kill|stop>[:<n-th time>]")
    point, action, *times = text.split(":")
    return Failpoint(point, SIGNALS[action], int(times[0]) if times else 1)
