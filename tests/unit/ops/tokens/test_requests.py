"""Tokens of requests: valid at the time of the record, for the campaign of the request."""

import asyncio
import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import SecretStr

from ops.tokens import keys
from ops.tokens.requests import EXPIRED, INVALID, MISSING, OTHER_CAMPAIGN, RequestTokens
from schemas.errors import KeysUnavailable
from schemas.records import Asked
from schemas.request_settings import RequestSettings
from schemas.requests import ReleaseRequest, Request
from tests.fakes.builders import CAMPAIGN, a_reserve, asked
from tests.fakes.tokens import KEY, OTHER_KEY, SECRET, by_key, jwks, signed

NOW: Final = datetime.now(UTC)


def tokens(**more: Any) -> RequestTokens:
    return RequestTokens(RequestSettings(**{"require_jwt": True, "jwt_secret": SecretStr(SECRET), **more}))


def with_token(token: str | None, at: datetime = NOW, offset: int = 0) -> Asked[Request]:
    headers = () if token is None else (("authorization", f"Bearer {token}".encode()),)
    return asked(a_reserve(), at=at, headers=headers, offset=offset)


def why(request: Asked[Request], checked: RequestTokens | None = None) -> str | None:
    return asyncio.run((checked or tokens()).refused([request])).get(request.record.offset)


@pytest.mark.parametrize(
    "more",
    [
        {"supreme": True},
        {"supreme": None, "scope": "a supreme b"},
        {"supreme": None, "campaigns": [CAMPAIGN, "other"]},
        {"supreme": None, "campaigns": f"other {CAMPAIGN}"},
    ],
)
def test_a_token_grants_all_campaigns_or_some(more: dict[str, Any]) -> None:
    """By the claim of the settings, or by the claim that lists campaigns."""
    assert why(with_token(signed(**more))) is None


NOT_ALLOWED: Final[dict[str, tuple[Callable[[], str | None], str]]] = {
    "none": (lambda: None, MISSING),
    "empty": (lambda: "", MISSING),
    "other campaigns": (lambda: signed(supreme=None, campaigns=["other"]), OTHER_CAMPAIGN),
    "a part of a name": (lambda: signed(supreme=None, campaigns=f"{CAMPAIGN}-2"), OTHER_CAMPAIGN),
    "no claim": (lambda: signed(supreme=None), OTHER_CAMPAIGN),
    "expired": (lambda: signed(exp=NOW.timestamp() - 60), EXPIRED),
    "not valid yet": (lambda: signed(nbf=NOW.timestamp() + 60), INVALID),
    "without an end": (lambda: signed(exp=None), INVALID),
    "an end that is no time": (lambda: signed(exp="soon"), INVALID),
    "another secret": (lambda: signed(secret="another-secret-of-thirty-two-characters"), INVALID),
    "signed by a key": (by_key, INVALID),
    "another audience": (lambda: signed(aud="other"), INVALID),
    "no JWT": (lambda: "x.y.z", INVALID),
    "no text": (lambda: "\udcff", INVALID),
    "nested too deep": (lambda: base64.urlsafe_b64encode(b"[" * 6_000).decode() + ".e30.x", INVALID),
}


@pytest.mark.parametrize("name", NOT_ALLOWED)
def test_any_other_token_is_refused(name: str) -> None:
    """The reason holds nothing of it."""
    token, reason = NOT_ALLOWED[name][0](), NOT_ALLOWED[name][1]
    header = () if token is None else (("authorization", f"Bearer {token}".encode(errors="surrogateescape")),)

    assert reason == why(asked(a_reserve(), at=NOW, headers=header))


def test_a_token_is_judged_at_the_time_of_its_record() -> None:
    """Who asked in time is not punished for the queue; a redelivery is judged the same."""
    token = signed(exp=NOW.timestamp() - 3_600)

    assert why(with_token(token, at=NOW - timedelta(hours=2))) is None
    assert EXPIRED == why(with_token(token, at=NOW))


def test_a_token_is_verified_once_in_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of records of one second: a signature takes longer than all the rest."""
    checked, verified, token = tokens(), list[float](), signed()
    claims_of = checked._tokens.claims

    def counted(token: str, *, at: float) -> dict[str, Any]:
        verified.append(at)
        return claims_of(token, at=at)

    monkeypatch.setattr(checked._tokens, "claims", counted)

    assert {} == asyncio.run(checked.refused([with_token(token, offset=offset) for offset in range(50)]))
    assert 1 == len(verified)


def test_the_expirer_needs_no_token() -> None:
    """Only what is over can be released under its ids."""
    release = ReleaseRequest(request_id="expire:r-1:1", campaign_id=CAMPAIGN, reservation_id="r-1", reason="expired")

    assert why(asked(release)) is None


def test_keys_that_cannot_be_read_refuse_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests wait; the keys that were read last serve for a while."""
    file = tmp_path / "keys"
    file.write_bytes(jwks(a=KEY))
    checked = tokens(jwt_secret=None, jwt_keys_file=str(file))
    request, other = with_token(by_key(kid="a")), with_token(by_key(OTHER_KEY, kid="b"))
    assert (None, INVALID) == (why(request, checked), why(other, checked))

    file.unlink()
    assert why(request, checked) is None
    monkeypatch.setattr(keys, "KEPT_S", -1.0)
    with pytest.raises(KeysUnavailable, match="CODES_REQUESTS__JWT_KEYS_FILE"):
        why(request, checked)

    file.write_bytes(jwks(a=KEY))
    assert why(request, checked) is None
