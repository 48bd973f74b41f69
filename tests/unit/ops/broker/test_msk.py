"""Tokens for MSK: signed with the credentials of this process, without a request to AWS."""

from base64 import urlsafe_b64decode
from urllib.parse import parse_qs, urlsplit

import pytest

from ops.broker.client import client_options
from ops.broker.refusals import TokenUnavailable
from ops.settings.load import load_settings

MSK = {
    "CODES_KAFKA__SECURITY_PROTOCOL": "SASL_SSL",
    "CODES_KAFKA__SASL_MECHANISM": "OAUTHBEARER",
    "CODES_KAFKA__OAUTH_MSK_REGION": "eu-central-1",
}


@pytest.fixture(autouse=True)
def no_other_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked on the network."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nothing")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nothing")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)


async def test_a_token_is_a_signed_request_to_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the region of the settings, with the key of the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "KEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")

    token = await client_options(load_settings(MSK).kafka)["sasl_oauth_token_provider"].token()

    url = urlsplit(urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode())
    assert "kafka.eu-central-1.amazonaws.com" == url.hostname
    assert ["kafka-cluster:Connect"] == parse_qs(url.query)["Action"]
    assert parse_qs(url.query)["X-Amz-Credential"][0].startswith("KEY/")


async def test_without_credentials_there_is_no_token_at_the_moment() -> None:
    """A pod's role may be available a moment later."""
    provider = client_options(load_settings(MSK).kafka)["sasl_oauth_token_provider"]

    with pytest.raises(TokenUnavailable, match="AWS gives no credentials for MSK"):
        await provider.token()
