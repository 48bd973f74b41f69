"""Tokens are renewed before they end, and kept while the endpoint is unavailable."""

import pytest

from ops.broker.refusals import TokenRefused, TokenUnavailable
from ops.broker.token_endpoint import EndpointTokens
from ops.settings.load import load_settings
from schemas.settings import KafkaSettings
from tests.secured.issuing import SECRET, an_issuer

LIFE_S = 100.0


async def test_the_life_of_a_token() -> None:
    """Requested once, renewed after four fifths of its life, and kept through an outage until its end."""
    now = [0.0]
    with an_issuer() as issuer:
        issuer.life_s = LIFE_S
        tokens = EndpointTokens(settings_of(issuer.url), lambda: now[0])
        first = await tokens.token()
        now[0] = 79.0
        assert first == await tokens.token()
        now[0] = 81.0
        second = await tokens.token()
        assert 2 == len(issuer.given)

        issuer.status = 503
        now[0] = 81.0 + 99.0
        assert second == await tokens.token()
        now[0] = 81.0 + 101.0
        with pytest.raises(TokenUnavailable, match="answered 503"):
            await tokens.token()
        issuer.status = 0
        issuer.secret = "another"
        with pytest.raises(TokenRefused, match="invalid_client"):
            await tokens.token()


async def test_scope_and_audience_are_requested() -> None:
    """As the settings have them."""
    with an_issuer() as issuer:
        await EndpointTokens(settings_of(issuer.url, SCOPE="kafka.write", AUDIENCE="broker")).token()

    assert [{"grant_type": ["client_credentials"], "scope": ["kafka.write"], "audience": ["broker"]}] == issuer.given


def settings_of(url: str, **more: str) -> KafkaSettings:
    return load_settings(
        {
            "CODES_KAFKA__SECURITY_PROTOCOL": "SASL_SSL",
            "CODES_KAFKA__SASL_MECHANISM": "OAUTHBEARER",
            "CODES_KAFKA__OAUTH_TOKEN_URL": url,
            "CODES_KAFKA__OAUTH_CLIENT_ID": "codes",
            "CODES_KAFKA__OAUTH_CLIENT_SECRET": SECRET,
            **{f"CODES_KAFKA__OAUTH_{name}": value for name, value in more.items()},
        }
    ).kafka
