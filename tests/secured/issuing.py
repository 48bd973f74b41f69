"""An identity provider: a token endpoint for client credentials, and the key with which a broker checks its tokens.

Out: `Issuer`, `an_issuer`; tokens of any life and any key.
"""

import threading
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, unquote_plus

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.fakes.tokens import KEY, jwks

CLIENT: Final = "codes"
SECRET: Final = "a client's secret/with:signs"
AUDIENCE: Final = "kafka"
SKEW_S: Final = 1


@dataclass
class Issuer:
    """What the provider does; a test may change it at any time."""

    url: str
    secret: str = SECRET
    life_s: float = 300.0
    status: int = 0
    """Answer every request with this status; 0: as it should."""
    given: list[dict[str, list[str]]] = field(default_factory=list)
    """The forms that were answered with a token."""

    def token(self, subject: str = CLIENT, key: rsa.RSAPrivateKey = KEY, life_s: float | None = None) -> str:
        """A token for a broker."""
        now = time.time()
        life = self.life_s if life_s is None else life_s
        claims = {"sub": subject, "aud": AUDIENCE, "iat": now - SKEW_S, "exp": now + life, "scope": "kafka"}
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": "k"})

    def answer(self, login: str, form: dict[str, list[str]]) -> tuple[int, dict[str, object]]:
        """Status and body for a request."""
        if self.status:
            return self.status, {"error": "temporarily_unavailable"}
        name, _, secret = b64decode(login.removeprefix("Basic ")).decode().partition(":")
        if (CLIENT, self.secret) != (unquote_plus(name), unquote_plus(secret)):
            return 401, {"error": "invalid_client"}
        self.given.append(form)
        return 200, {"access_token": self.token(), "expires_in": self.life_s, "token_type": "Bearer"}


@contextmanager
def an_issuer() -> Iterator[Issuer]:
    """A provider on loopback."""
    issuer = Issuer("")

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the library's name
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            status, body = issuer.answer(self.headers.get("Authorization", ""), form)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(orjson.dumps(body))

        def log_message(self, *_: object) -> None:
            """Nothing: the library writes to standard error."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        issuer.url = f"http://127.0.0.1:{server.server_port}/token"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join()


def key_file(folder: Path) -> Path:
    """The provider's public keys, as a broker reads them."""
    file = folder / "jwks.json"
    file.write_bytes(jwks(k=KEY))
    return file
