"""Settings that came from files, read again when a file changes.

In:       the settings as they were read at the start, and the file of each setting that has one.
Out:      the same settings, in which a secret or a user name from a file is always the current one.
Promise:  a file that cannot be read, or holds what its setting does not allow, changes nothing: the last valid value
          is used, and the log says so once.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import structlog
from pydantic import BaseModel, SecretStr

from schemas.errors import SettingsInvalid
from schemas.stamp import Stamp, stamp_of

log = structlog.get_logger(__name__)

Place = tuple[str, ...]
"""Of a setting: its group and its field."""


class SettingFiles:
    """The files of all settings; they are read again as a whole, because settings must fit together."""

    def __init__(self, files: Mapping[Place, Path], settings: BaseModel, load: Callable[[], BaseModel]) -> None:
        self._files = files
        self._load = load
        self._stamps = self._now()
        self._settings = settings

    def text(self, place: Place) -> str:
        """The current value at this place."""
        now = self._now()
        if now != self._stamps:
            self._stamps = now
            self._read()
        return text_at(self._settings, place)

    def _read(self) -> None:
        try:
            self._settings = self._load()
        except SettingsInvalid as why:
            log.warning("secret_kept", reason=str(why))

    def _now(self) -> list[Stamp | None]:
        return [stamp_of(path) for path in self._files.values()]


class FileSecret(SecretStr):
    """A secret whose file may be replaced."""

    def __init__(self, place: Place, files: SettingFiles) -> None:
        super().__init__(files.text(place))
        self._current: Callable[[], str] = lambda: files.text(place)

    def get_secret_value(self) -> str:
        """The value that the file holds now."""
        return self._current()


class FileText(str):
    """A text whose file may be replaced; as a text it stays what it was at the start."""

    __slots__ = ("current",)

    current: Callable[[], str]


def current(text: str | None) -> str:
    """What a text is now; empty if there is none."""
    if isinstance(text, FileText):
        return text.current()
    return text or ""


def text_at(settings: BaseModel, place: Place) -> str:
    """The setting at this place; empty if it is not given any more."""
    value: object = settings
    for name in place:
        value = getattr(value, name)
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return "" if value is None else str(value)


FOLLOWED: Final = frozenset({("kafka", "sasl_username"), ("kafka", "oauth_client_id")})
"""No secrets, but rotated together with one."""


def following(files: SettingFiles, place: Place, value: object) -> object:
    """The value in a form that follows its file, if it is of a kind that may change."""
    if isinstance(value, SecretStr):
        return FileSecret(place, files)
    if place in FOLLOWED and isinstance(value, str):
        text = FileText(value)
        text.current = lambda: files.text(place)
        return text
    return value
