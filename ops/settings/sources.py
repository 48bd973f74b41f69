"""The sources of settings: variables, files that variables name, and a directory of secrets.

In:       an environment and the known variables.
Out:      each given variable's text with its origin.
Promise:  an unknown name is an error, so a misspelt setting never silently keeps its default.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from ops.settings.variables import PREFIX, Variable
from schemas.errors import SettingsInvalid

SECRETS_DIR: Final = "CODES_SECRETS_DIR"
FILE_SUFFIX: Final = "_FILE"
USED_ELSEWHERE: Final = ("CODES_DEV_", "CODES_TEST_")
"""Prefixes of the local stack and of the tests; the roles ignore them."""
SECRET_BYTES_MAX: Final = 65_536
SERVICE_LINK: Final = re.compile(r"_SERVICE_(HOST|PORT(_\w+)?)$|_PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?$")
LINK_VALUE: Final = re.compile(r"^(tcp|udp|sctp)://")


@dataclass(frozen=True, slots=True)
class Found:
    """A variable's text and its origin."""

    text: str
    origin: str
    """`environment` or `file <path>`."""
    file: Path | None = None


def gather(environ: Mapping[str, str], known: Mapping[str, Variable]) -> dict[str, Found]:
    """All given variables, by name. The environment takes precedence over the directory of secrets.

    Raises:
        SettingsInvalid: a variable or secret file has an unknown name, a file cannot be read, or a variable is given
            both directly and as `<VARIABLE>_FILE`.
    """
    ours = {name.upper(): text for name, text in environ.items() if _is_ours(name.upper(), text)}
    secrets = _directory(environ.get(SECRETS_DIR))
    files = {name: Path(text) for name, text in ours.items() if _names_a_file(name, known)}
    _refuse_unknown([*(ours.keys() - files.keys()), *secrets], known)
    _refuse_both(files, ours)
    found = {name: _read(name, path) for name, path in secrets.items()}
    found |= {name.removesuffix(FILE_SUFFIX): _read(name, path) for name, path in files.items()}
    return found | {name: Found(ours[name], "environment") for name in ours.keys() - files.keys()}


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint for a misspelt name: `, did you mean X?`, or nothing if no name is similar."""
    close = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f", did you mean {close[0]}?" if close else ""


def _is_ours(name: str, text: str) -> bool:
    elsewhere = name == SECRETS_DIR or name.startswith(USED_ELSEWHERE)
    return name.startswith(PREFIX) and not elsewhere and not _is_service_link(name, text)


def _is_service_link(name: str, text: str) -> bool:
    """True for the variables that Kubernetes adds to a pod for a Service whose name begins with `codes`.

    `CODES_OPS_PORT=9000` is still a misspelling: a Service's port is an address, `tcp://10.0.0.1:9000`.
    """
    is_port = name.endswith("_PORT") and not name.endswith("_SERVICE_PORT")
    return bool(SERVICE_LINK.search(name)) and (not is_port or bool(LINK_VALUE.match(text)))


def _names_a_file(name: str, known: Mapping[str, Variable]) -> bool:
    return name not in known and name.endswith(FILE_SUFFIX) and name.removesuffix(FILE_SUFFIX) in known


def _refuse_unknown(names: Iterable[str], known: Mapping[str, Variable]) -> None:
    unknown = sorted(name for name in names if name not in known)
    if unknown:
        text = "; ".join(f"{name}: there is no such setting{nearest(name, known)}" for name in unknown)
        raise SettingsInvalid(f"{text} (all of them: `codes config`)")


def _refuse_both(files: Iterable[str], given: Mapping[str, str]) -> None:
    for name in sorted(files):
        variable = name.removesuffix(FILE_SUFFIX)
        if variable in given:
            raise SettingsInvalid(f"{variable} and {name}: both are given, keep one")


def _directory(path: str | None) -> dict[str, Path]:
    if not path:
        return {}
    try:
        return dict(_secret_files(Path(path)))
    except OSError as error:
        reason = error.strerror
        raise SettingsInvalid(f"{SECRETS_DIR}: {path} cannot be read: {reason}") from None


def _secret_files(directory: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(directory.iterdir()):
        if path.name.upper().startswith(PREFIX) and path.is_file():
            yield path.name.upper(), path


def _read(name: str, path: Path) -> Found:
    try:
        raw = path.read_bytes()[: SECRET_BYTES_MAX + 1]
        text = raw.decode("utf-8")
    except OSError as error:
        reason = error.strerror
        raise SettingsInvalid(f"{name}: file {path} cannot be read: {reason}") from None
    except UnicodeDecodeError:
        raise SettingsInvalid(f"{name}: file {path} is not UTF-8 text") from None
    if len(raw) > SECRET_BYTES_MAX:
        raise SettingsInvalid(f"{name}: file {path} is longer than {SECRET_BYTES_MAX} bytes")
    return Found(text.rstrip("\r\n"), f"file {path}", path)
