"""Instants as a person types them.

In:       RFC 3339, or how long ago: `90s`, `30m`, `2h`, `7d`.
Out:      milliseconds since 1970.
"""

import re
from datetime import UTC, datetime
from typing import Final

SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
AGO: Final = re.compile(r"([0-9]{1,9})([smhd])")


def instant_ms(typed: str, now: datetime) -> int:
    """Raises ValueError for what is neither; an instant without an offset is one in UTC."""
    ago = AGO.fullmatch(typed)
    if ago is not None:
        return int(now.timestamp() * 1000) - int(ago[1]) * SECONDS[ago[2]] * 1000
    instant = datetime.fromisoformat(typed)
    return int((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp() * 1000)
