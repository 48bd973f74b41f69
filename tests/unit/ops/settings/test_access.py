"""The settings of a login go together, or the process says which one is missing."""

import pytest

from ops.settings.load import load_settings
from schemas.errors import SettingsInvalid

SECRET = "hunter2"


def complaint(environ: dict[str, str]) -> str:
    """What is said about these variables."""
    with pytest.raises(SettingsInvalid) as raised:
        load_settings(environ)
    return str(raised.value)


def test_sasl_needs_a_name_and_a_password() -> None:
    """Only what is missing is named."""
    sasl = {"CODES_KAFKA__SECURITY_PROTOCOL": "SASL_PLAINTEXT", "CODES_KAFKA__SASL_USERNAME": "me"}

    assert "CODES_KAFKA__SASL_PASSWORD: needed with" in complaint(sasl)
    assert load_settings({**sasl, "CODES_KAFKA__SASL_PASSWORD": SECRET})


def test_tokens_have_one_source() -> None:
    """None, or two of them, are refused; an endpoint needs TLS and credentials."""
    oauth = {"CODES_KAFKA__SECURITY_PROTOCOL": "SASL_SSL", "CODES_KAFKA__SASL_MECHANISM": "OAUTHBEARER"}
    file, url = {"CODES_KAFKA__OAUTH_TOKEN_FILE": "/token"}, "CODES_KAFKA__OAUTH_TOKEN_URL"

    assert "CODES_KAFKA__OAUTH_TOKEN_FILE" in complaint(oauth)
    assert "give one of them" in complaint(oauth | file | {"CODES_KAFKA__OAUTH_MSK_REGION": "eu-central-1"})
    assert "http on loopback" in complaint(oauth | {url: "http://login.example/token"})
    assert "CODES_KAFKA__OAUTH_CLIENT_SECRET: needed" in complaint(oauth | {url: "https://login.example/token"})
    assert load_settings(oauth | file)


def test_a_key_needs_an_encryption_that_uses_it() -> None:
    """S3 would ignore it otherwise."""
    key = {"CODES_S3__KMS_KEY_ID": "alias/codes"}

    assert "CODES_S3__SSE=aws:kms" in complaint(key | {"CODES_S3__SSE": "AES256"})
    assert load_settings(key | {"CODES_S3__SSE": "aws:kms"})


@pytest.mark.parametrize("given", ["CODES_KAFKA__CLIENT_CERT_FILE", "CODES_KAFKA__CLIENT_KEY_FILE"])
def test_a_certificate_and_its_key_come_together(given: str) -> None:
    """One of them is of no use."""
    assert "give both" in complaint({given: "/some.pem"})
