"""What viewers decided about items that need attention, and which receivers were sent them: the newest of each.

In:       keys and values of `attention.v1`.
Out:      `keep`, `Notices`.
Promise:  bounded; the oldest decision is forgotten first. A record that is read again changes nothing.
"""

from collections.abc import Mapping
from typing import Final

from schemas.attention import NOTICE, Mark, Notice

MARKS_MAX: Final = 10_000
NOTICES_MAX: Final = 50_000
"""A message about an item that is forgotten is sent again."""


def keep(marks: dict[str, Mark], key: str, mark: Mark | None) -> None:
    """A viewer has decided about an item; None: has taken that back."""
    marks.pop(key, None)
    if mark is not None:
        marks[key] = mark
    if len(marks) > MARKS_MAX:
        del marks[next(iter(marks))]


class Notices:
    """Lives as long as the view."""

    def __init__(self) -> None:
        self._by_key: dict[str, Notice] = {}

    def take(self, key: str, value: bytes | None) -> bool:
        """A record's key and value; whether it is a notice. Raises ValidationError for an unreadable one."""
        if not key.startswith(NOTICE):
            return False
        self.keep(key, None if value is None else Notice.model_validate_json(value))
        return True

    def keep(self, key: str, notice: Notice | None) -> None:
        """The last message about an item; None: nothing more is to be sent about it."""
        self._by_key.pop(key, None)
        if notice is not None:
            self._by_key[key] = notice
        if len(self._by_key) > NOTICES_MAX:
            del self._by_key[next(iter(self._by_key))]

    def of(self, webhook: str) -> Mapping[str, Notice]:
        """Those of a receiver, by subject."""
        return {notice.subject: notice for notice in self._by_key.values() if notice.webhook == webhook}
