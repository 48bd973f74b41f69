"""Public keys for tokens, from a file that is read again when it has changed.

In:       a JWKS or PEM file, which may be replaced, broken or missing at any time.
Out:      the key for a key id.
Promise:  keys are rotated without a restart. A removed key is never used again once the file can be read; an
          invalid entry does not affect the others. While the file cannot be read, the last keys are used for
          `KEPT_S`, and none after that.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from schemas.errors import SettingsInvalid

KEYS_BYTES_MAX: Final = 1024 * 1024
KEPT_S: Final = 300.0
"""Longer than it takes to replace a file or remount a secret. After that, an unreadable file means no access."""
NO_KEY: Final = (KeyError, TypeError, ValueError, AttributeError, jwt.PyJWTError)
"""Exceptions raised for an invalid entry of a JWKS."""

Keys = dict[str | None, RSAPublicKey]

log = structlog.get_logger(__name__)


class NoKeys(jwt.InvalidTokenError):
    """The file has been unreadable for too long: whether a token is valid is unknown."""


class KeyFile:
    """The keys of one file. `clock`: monotonic seconds; `variable`: the setting that names the file."""

    def __init__(
        self,
        path: str,
        clock: Callable[[], float] = time.monotonic,
        *,
        variable: str = "CODES_INVENTORY__JWT_KEYS_FILE",
    ) -> None:
        """Raises SettingsInvalid if the file cannot be used."""
        self._path = Path(path)
        self._variable = variable
        self._clock = clock
        self._read: tuple[int, int, int] | None = None
        """Modification time, inode and size of the file that was read."""
        self._unreadable_since_s: float | None = None
        self._keys: Keys = {}
        self._refresh()
        if not self._keys:
            raise SettingsInvalid(f"{variable}: {path} holds no RSA key for signatures")

    def key(self, kid: str | None) -> RSAPublicKey:
        """The key with this id; without an id, the only key.

        Raises:
            NoKeys: see there.
            jwt.InvalidTokenError: there is no such key.
        """
        self._refresh_or_keep()
        if not self._keys and self._unreadable_since_s is not None:
            raise NoKeys("the keys cannot be read")
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        found = self._keys.get(kid) or self._keys.get(None)
        if found is None:
            raise jwt.InvalidTokenError("no key of this id")
        return found

    def _refresh_or_keep(self) -> None:
        try:
            self._refresh()
        except SettingsInvalid as why:
            self._note_unreadable(str(why))
        else:
            self._unreadable_since_s = None

    def _note_unreadable(self, reason: str) -> None:
        now_s = self._clock()
        if self._unreadable_since_s is None:
            self._unreadable_since_s = now_s
            log.warning("jwt_keys_unreadable", reason=reason)
        elif self._keys and now_s - self._unreadable_since_s > KEPT_S:
            self._keys, self._read = {}, None  # an identical file must be read again when it returns
            log.error("jwt_keys_dropped", reason=reason)

    def _refresh(self) -> None:
        try:
            found = self._path.stat()
            file = (found.st_mtime_ns, found.st_ino, found.st_size)
            if file != self._read:
                self._keys = keys_in(self._path.read_bytes()[:KEYS_BYTES_MAX])
                self._read = file
        except (OSError, ValueError) as why:
            reason = why.strerror if isinstance(why, OSError) else str(why)
            raise SettingsInvalid(f"{self._variable}: {self._path} cannot be used: {reason}") from None


def keys_in(content: bytes) -> Keys:
    """The RSA keys of a JWKS by their ids, or the key of a PEM. A JWKS may be empty: its last key was removed.

    Raises:
        ValueError: the content is neither of them.
    """
    if content.lstrip().startswith(b"-----"):
        key = load_pem_public_key(content)
        if not isinstance(key, RSAPublicKey):
            raise ValueError("the PEM holds no RSA public key")
        return {None: key}
    try:
        entries = list(enumerate(json.loads(content)["keys"]))
    except (KeyError, TypeError, ValueError):
        raise ValueError("it is neither a PEM nor a JWKS") from None
    return dict(found for place, entry in entries if (found := readable_key(place, entry)) is not None)


def readable_key(place: int, entry: Any) -> tuple[str | None, RSAPublicKey] | None:  # noqa: ANN401  # any JSON
    """A key with its id; None for a key with another use, and for an invalid entry, which is logged."""
    try:
        return (id_of(entry), public_key(entry)) if is_usable(entry) else None
    except NO_KEY as why:
        log.warning("jwt_key_skipped", detail=f"entry {place} of the JWKS", reason=type(why).__name__)
        return None


def is_usable(key: dict[str, Any]) -> bool:
    """Whether a key of a JWKS is an RSA key for RS256 signatures."""
    return key.get("kty") == "RSA" and key.get("alg", "RS256") == "RS256" and key.get("use", "sig") == "sig"


def id_of(key: dict[str, Any]) -> str | None:
    """Raises TypeError if it is not a string."""
    kid = key.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise TypeError("kid")
    return kid


def public_key(key: dict[str, Any]) -> RSAPublicKey:
    """The public key, even if the file has the private key by mistake."""
    found = jwt.algorithms.RSAAlgorithm.from_jwk({name: key[name] for name in ("kty", "n", "e")})
    assert isinstance(found, RSAPublicKey)
    return found
