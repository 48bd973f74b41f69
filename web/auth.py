"""Who may read the API: a signed token with one claim.

In:       the `Authorization` header of a request.
Out:      the instant at which access ends, or `Denied`: 401 for a token that is none of ours, 403 for one without
          the claim.
Promise:  the algorithm follows from our key, never from the token: `alg: none` and an HS256 token signed with the
          public key are refused. Nothing of a token is logged or answered.
"""

import json
from contextlib import suppress
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from schemas.errors import SettingsInvalid
from schemas.settings import InventorySettings

SCHEME: Final = "bearer"
"""In any case (RFC 7235, 2.1)."""
TOKEN_LENGTH_MAX: Final = 8_192
KEYS_BYTES_MAX: Final = 1024 * 1024
WORD_CLAIMS: Final = ("scope", "roles")
"""Claims whose words may name ours: text with blanks between, or a list."""


class Denied(Exception):  # an answer, not an error of ours
    """No access."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Guard:
    """Checks tokens by the settings. Without a key everyone has access; the settings allow that on loopback only."""

    def __init__(self, settings: InventorySettings) -> None:
        self._settings = settings
        self._keys = KeyFile(settings.jwt_keys_file) if settings.jwt_keys_file else None

    @property
    def is_open(self) -> bool:
        """Whether no token is asked for."""
        return self._keys is None and self._settings.jwt_secret is None

    def admit(self, header: str | None) -> float | None:
        """When access ends, seconds since 1970; None: never.

        Raises:
            Denied: no access.
        """
        if self.is_open:
            return None
        claims = self._claims(token_in(header))
        if not has_claim(claims, self._settings.jwt_claim):
            raise Denied(HTTPStatus.FORBIDDEN, f"the token has no claim {self._settings.jwt_claim}")
        return float(claims["exp"]) + self._settings.jwt_leeway_s

    def _claims(self, token: str) -> dict[str, Any]:
        settings = self._settings
        try:
            key, algorithm = self._key_for(token)
            return jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=settings.jwt_audience,
                issuer=settings.jwt_issuer,
                leeway=settings.jwt_leeway_s,
                options={"require": ["exp"]},
            )
        except jwt.ExpiredSignatureError:
            raise Denied(HTTPStatus.UNAUTHORIZED, "the token has expired") from None
        except jwt.InvalidTokenError:
            raise Denied(HTTPStatus.UNAUTHORIZED, "the token is not valid here") from None

    def _key_for(self, token: str) -> tuple[str | RSAPublicKey, str]:
        if self._keys is not None:
            return self._keys.key(jwt.get_unverified_header(token).get("kid")), "RS256"
        secret = self._settings.jwt_secret
        assert secret is not None
        return secret.get_secret_value(), "HS256"


def token_in(header: str | None) -> str:
    """The token of an `Authorization` header.

    Raises:
        Denied: there is none, or it is of another scheme or too long.
    """
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != SCHEME or not token.strip() or len(token) > TOKEN_LENGTH_MAX:
        raise Denied(HTTPStatus.UNAUTHORIZED, "a bearer token is needed")
    return token.strip()


def viewer_of(header: str | None) -> str:
    """Who a token belongs to, for counting: a digest, so that the token itself is kept nowhere."""
    return sha256(token_in(header).encode()).hexdigest()


def has_claim(claims: dict[str, Any], name: str) -> bool:
    """Whether a claim of this name is true, or `scope` or `roles` has this word."""
    return claims.get(name) is True or any(name in words_of(claims.get(claim)) for claim in WORD_CLAIMS)


def words_of(value: object) -> list[object]:
    """The words of a claim."""
    if isinstance(value, str):
        return list(value.split())
    return value if isinstance(value, list) else []


class KeyFile:
    """Public keys from a file, read again when it has changed: so keys are rotated without a restart."""

    def __init__(self, path: str) -> None:
        """Raises SettingsInvalid if the file cannot be used."""
        self._path = Path(path)
        self._read: tuple[int, int, int] | None = None
        """Which file was read: its time, inode and size."""
        self._keys: dict[str | None, RSAPublicKey] = {}
        self._refresh()
        if not self._keys:
            raise SettingsInvalid(f"CODES_INVENTORY__JWT_KEYS_FILE: {path} holds no RSA key for signatures")

    def key(self, kid: str | None) -> RSAPublicKey:
        """The key of this id; without one, the only key there is.

        Raises:
            jwt.InvalidKeyError: there is none.
        """
        with suppress(SettingsInvalid):  # a file that is being replaced: what is known so far is good meanwhile
            self._refresh()
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        found = self._keys.get(kid) or self._keys.get(None)
        if found is None:
            raise jwt.InvalidTokenError("no key of this id")
        return found

    def _refresh(self) -> None:
        try:
            found = self._path.stat()
            file = (found.st_mtime_ns, found.st_ino, found.st_size)
            if file != self._read:
                self._keys = keys_in(self._path.read_bytes()[:KEYS_BYTES_MAX])
                self._read = file
        except (OSError, ValueError) as why:
            reason = why.strerror if isinstance(why, OSError) else str(why)
            raise SettingsInvalid(f"CODES_INVENTORY__JWT_KEYS_FILE: {self._path} cannot be used: {reason}") from None


def keys_in(content: bytes) -> dict[str | None, RSAPublicKey]:
    """The RSA keys of a JWKS by their ids, or the one of a PEM. A JWKS may be empty: its last key was taken out.

    Raises:
        ValueError: it is neither.
    """
    if content.lstrip().startswith(b"-----"):
        key = load_pem_public_key(content)
        if not isinstance(key, RSAPublicKey):
            raise ValueError("the PEM holds no RSA public key")
        return {None: key}
    try:
        told = json.loads(content)["keys"]
        return {one.get("kid"): public_key(one) for one in told if is_ours(one)}
    except (KeyError, TypeError, AttributeError, jwt.PyJWTError):
        raise ValueError("it is neither a PEM nor a JWKS") from None


def is_ours(key: dict[str, Any]) -> bool:
    """Whether a key of a JWKS is an RSA key for RS256 signatures."""
    return key.get("kty") == "RSA" and key.get("alg", "RS256") == "RS256" and key.get("use", "sig") == "sig"


def public_key(key: dict[str, Any]) -> RSAPublicKey:
    """The public half, also of a key whose private half stands in the file by mistake."""
    found = jwt.algorithms.RSAAlgorithm.from_jwk({name: key[name] for name in ("kty", "n", "e")})
    assert isinstance(found, RSAPublicKey)
    return found
