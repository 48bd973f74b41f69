"""The guard: only a token that our key signed, for us, in time, with the claim."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import jwt
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from ops.tokens.keys import KEPT_S, KeyFile
from schemas.errors import SettingsInvalid
from schemas.settings import InventorySettings
from tests.fakes.tokens import KEY, OTHER_KEY, SECRET, by_key, claims, jwks, pem, signed, with_entry
from web.auth import Denied, Guard

UNAUTHORIZED, FORBIDDEN = HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN


BAD_ENTRIES: Final[list[object]] = [
    None,
    1,
    {"kty": "RSA", "kid": "x"},
    {"kty": "RSA", "kid": "x", "n": "!", "e": "AQAB"},
    {"kty": "RSA", "kid": "x", "n": 1, "e": 2},
    {"kty": "RSA", "kid": ["x"], "n": "AQAB", "e": "AQAB"},
]


def guard(**more: Any) -> Guard:
    return Guard(InventorySettings(**{"jwt_secret": SecretStr(SECRET), **more}))


def key_guard(tmp_path: Path, content: bytes, **more: Any) -> Guard:
    file = tmp_path / "keys"
    file.write_bytes(content)
    return Guard(InventorySettings(jwt_keys_file=str(file), **more))


def denial(guard: Guard, header: str | None) -> HTTPStatus:
    with pytest.raises(Denied) as raised:
        guard.admit(header)
    return raised.value.status


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_scheme_is_read_in_any_case(scheme: str) -> None:
    """RFC 7235: a scheme is case-insensitive."""
    assert guard().admit(f"{scheme} {signed()}") is not None


OTHERS: Final[dict[str, Callable[[], str | None]]] = {
    "none": lambda: None,
    "empty": lambda: "",
    "no token": lambda: "Bearer",
    "an empty token": lambda: "Bearer ",
    "nested too deep": lambda: f"Bearer {base64.urlsafe_b64encode(b'[' * 6_000).decode().rstrip('=')}.e30.x",
    "no JWT": lambda: "Bearer x.y.z",
    "too long": lambda: "Bearer " + "x" * 9_000,
    "another scheme": lambda: f"Basic {signed()}",
    "expired": lambda: f"Bearer {signed(exp=time.time() - 60)}",
    "without an end": lambda: f"Bearer {signed(exp=None)}",
    "an end that is no time": lambda: f"Bearer {signed(exp='soon')}",
    "not yet valid": lambda: f"Bearer {signed(nbf=time.time() + 60)}",
    "another secret": lambda: f"Bearer {signed(secret='another-secret-of-thirty-two-characters')}",
    "another audience": lambda: f"Bearer {signed(aud='somebody-else')}",
    "another algorithm": lambda: f"Bearer {jwt.encode(claims(), SECRET * 2, algorithm='HS512')}",
    "unsigned": lambda: f"Bearer {jwt.encode(claims(), '', algorithm='none')}",
    "cut short": lambda: f"Bearer {signed()[:-4]}",
    "signed by a key": lambda: f"Bearer {by_key()}",
}
"""Authorization headers of which none gives access."""


class TestSecret:
    @pytest.mark.parametrize(
        "more",
        [
            {},
            {"supreme": None, "scope": "read supreme"},
            {"supreme": None, "scope": ["supreme"]},
            {"supreme": None, "roles": ["admin", "supreme"]},
        ],
    )
    def test_a_good_token_is_admitted(self, more: dict[str, Any]) -> None:
        """The claim is true, or a word of `scope` or `roles`."""
        assert guard().admit(f"Bearer {signed(**more)}") is not None

    def test_clocks_may_differ_by_the_leeway(self) -> None:
        """Of the issuer and of this process."""
        now = time.time()

        assert guard().admit(f"Bearer {signed(exp=now - 3, nbf=now + 3)}") is not None

    @pytest.mark.parametrize("header", OTHERS.values(), ids=OTHERS)
    def test_any_other_token_is_401(self, header: Callable[[], str | None]) -> None:
        """Missing, malformed, expired, endless, not yet good, another's, for others, unsigned, cut."""
        assert UNAUTHORIZED == denial(guard(), header())

    @pytest.mark.parametrize(
        "more",
        [
            {"supreme": None},
            {"supreme": False},
            {"supreme": "true"},
            {"supreme": 1},
            {"supreme": None, "scope": "supremes read"},
            {"supreme": None, "roles": {"supreme": True}},
        ],
    )
    def test_a_good_token_without_the_claim_is_403(self, more: dict[str, Any]) -> None:
        """Only `true` is true."""
        assert FORBIDDEN == denial(guard(), f"Bearer {signed(**more)}")

    def test_audience_and_issuer_are_checked_where_they_are_set(self) -> None:
        """A token of another audience, of none, or of another issuer is 401."""
        strict = guard(jwt_audience="codes", jwt_issuer="us")

        assert strict.admit(f"Bearer {signed(aud=['codes', 'x'], iss='us')}") is not None
        for wrong in ({"aud": "x", "iss": "us"}, {"iss": "us"}, {"aud": "codes", "iss": "them"}, {"aud": "codes"}):
            assert UNAUTHORIZED == denial(strict, f"Bearer {signed(**wrong)}")

    def test_access_ends_with_the_token(self) -> None:
        """A stream is ended then."""
        ends_at = int(time.time()) + 60

        assert ends_at + 10 == guard().admit(f"Bearer {signed(exp=ends_at)}")

    def test_the_claims_name_is_a_setting(self) -> None:
        """Whatever the issuer calls it."""
        own = guard(jwt_claim="https://us/ops")
        named: dict[str, Any] = {"https://us/ops": True}

        assert own.admit(f"Bearer {signed(**named)}") is not None
        assert FORBIDDEN == denial(own, f"Bearer {signed()}")


class TestKeys:
    @pytest.mark.parametrize(
        "content", [pem(), jwks(a=KEY), jwks(b=OTHER_KEY, a=KEY)], ids=["pem", "jwks", "two keys"]
    )
    def test_a_token_of_our_key_is_admitted(self, tmp_path: Path, content: bytes) -> None:
        """From a PEM, or from a JWKS by its id."""
        assert key_guard(tmp_path, content).admit(f"Bearer {by_key(kid='a')}") is not None

    @pytest.mark.parametrize("content", [pem(), jwks(a=KEY)], ids=["pem", "jwks"])
    def test_a_token_that_is_signed_with_the_public_key_is_401(self, tmp_path: Path, content: bytes) -> None:
        """The public key is no secret: whoever has it must not be able to sign with it."""
        forged = unchecked_hs256(pem())
        confused = key_guard(tmp_path, content)

        assert UNAUTHORIZED == denial(confused, f"Bearer {forged}")
        assert UNAUTHORIZED == denial(confused, f"Bearer {jwt.encode(claims(), '', algorithm='none')}")

    def test_other_keys_and_ids_are_401(self, tmp_path: Path) -> None:
        """Without an id a token is only checked where there is one key."""
        assert key_guard(tmp_path, jwks(a=KEY)).admit(f"Bearer {by_key()}") is not None
        two = key_guard(tmp_path, jwks(a=KEY, b=OTHER_KEY))

        for header in (by_key(OTHER_KEY, "a"), by_key(kid="c"), by_key()):
            assert UNAUTHORIZED == denial(two, f"Bearer {header}")

    def test_keys_are_rotated_without_a_restart(self, tmp_path: Path) -> None:
        """A file that is broken for a moment changes nothing."""
        rotating, file = key_guard(tmp_path, jwks(a=KEY)), tmp_path / "keys"
        file.write_bytes(b"{")
        assert rotating.admit(f"Bearer {by_key(kid='a')}") is not None

        file.write_bytes(jwks(b=OTHER_KEY))

        assert rotating.admit(f"Bearer {by_key(OTHER_KEY, 'b')}") is not None
        assert UNAUTHORIZED == denial(rotating, f"Bearer {by_key(kid='a')}")

    @pytest.mark.parametrize("bad", BAD_ENTRIES, ids=str)
    def test_an_entry_that_is_no_key_hinders_no_other(self, tmp_path: Path, bad: object) -> None:
        """A key that was taken out is gone, a key that was put in counts; the entry is logged once, by its place."""
        rotating, file = key_guard(tmp_path, jwks(a=KEY)), tmp_path / "keys"
        with capture_logs() as lines:
            file.write_bytes(with_entry(jwks(b=OTHER_KEY), bad))
            for _ in range(3):
                assert rotating.admit(f"Bearer {by_key(OTHER_KEY, 'b')}") is not None
                assert UNAUTHORIZED == denial(rotating, f"Bearer {by_key(kid='a')}")

        assert [("jwt_key_skipped", "entry 1 of the JWKS")] == [(line["event"], line["detail"]) for line in lines]

    @pytest.mark.parametrize("content", [None, b"{", b"[]", b'{"keys": 1}'], ids=str)
    def test_the_last_keys_are_kept_for_a_bounded_time(self, tmp_path: Path, content: bytes | None) -> None:
        """A file that is gone or broken is logged once, and once more when its keys are dropped; it may return."""
        file, now = tmp_path / "keys", [0.0]
        file.write_bytes(jwks(a=KEY))
        keys = KeyFile(str(file), clock=lambda: now[0])
        aside = file.rename(tmp_path / "aside")
        if content is not None:
            file.write_bytes(content)
        with capture_logs() as lines:
            for now[0] in (0.0, 1.0, KEPT_S):
                assert keys.key("a") is not None
            for now[0] in (KEPT_S + 1, KEPT_S * 9):
                with pytest.raises(jwt.InvalidTokenError):
                    keys.key("a")
            aside.replace(file)
            assert keys.key("a") is not None

        assert ["jwt_keys_unreadable", "jwt_keys_dropped"] == [line["event"] for line in lines]

    @pytest.mark.parametrize(
        "content", [b"", b"{}", b'{"keys": [{"kty": "oct", "k": "AAAA"}]}', b"-----BEGIN X-----"]
    )
    def test_a_file_without_an_rsa_key_is_refused_at_the_start(self, tmp_path: Path, content: bytes) -> None:
        """With its variable."""
        with pytest.raises(SettingsInvalid, match="CODES_INVENTORY__JWT_KEYS_FILE"):
            key_guard(tmp_path, content)


def unchecked_hs256(key: bytes) -> str:
    """What an attacker makes; PyJWT itself would refuse to."""

    def part(content: bytes) -> bytes:
        return base64.urlsafe_b64encode(content).rstrip(b"=")

    text = part(b'{"alg":"HS256","typ":"JWT"}') + b"." + part(json.dumps(claims()).encode())
    return (text + b"." + part(hmac.new(key, text, hashlib.sha256).digest())).decode()


def test_without_a_key_everyone_is_admitted() -> None:
    """The settings allow that on loopback only."""
    assert Guard(InventorySettings()).admit(None) is None
