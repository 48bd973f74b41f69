"""Tokens of the inventory's API, and the keys that sign them.

Out: `claims`, `signed` (by a secret), `by_key` (by a private key); `pem`, `jwks`, `with_entry` (key files).
"""

import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SECRET = "a-secret-of-thirty-two-characters-at-least"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def claims(**more: Any) -> dict[str, Any]:
    """Valid claims, changed by `more`; None removes a claim."""
    values = {"exp": time.time() + 60, "supreme": True, **more}
    return {name: value for name, value in values.items() if value is not None}


def signed(secret: str = SECRET, algorithm: str = "HS256", **more: Any) -> str:
    return jwt.encode(claims(**more), secret, algorithm=algorithm)


def by_key(key: rsa.RSAPrivateKey = KEY, kid: str | None = None, **more: Any) -> str:
    return jwt.encode(claims(**more), key, algorithm="RS256", headers={"kid": kid} if kid else None)


def pem(key: rsa.RSAPrivateKey = KEY) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def jwks(**keys: rsa.RSAPrivateKey) -> bytes:
    entries = [
        {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig"}
        for kid, key in keys.items()
    ]
    return json.dumps({"keys": entries}).encode()


def with_entry(content: bytes, entry: object) -> bytes:
    """The same JWKS with one more entry."""
    return json.dumps({"keys": [*json.loads(content)["keys"], entry]}).encode()
