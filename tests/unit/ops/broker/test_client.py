"""Every Kafka client connects the same way."""

import ssl
from pathlib import Path

import pytest
from pydantic import SecretStr

from ops.broker.client import client_options
from ops.broker.topics import wanted_topics
from schemas.errors import SettingsInvalid
from schemas.settings import KafkaSettings, TopicSettings
from schemas.topics import SERVICE_TOPICS


def test_plaintext_needs_no_more_than_an_address() -> None:
    """What does not apply is not passed."""
    assert {
        "bootstrap_servers": "a:1,b:2",
        "client_id": "codes",
        "request_timeout_ms": 30_000,
        "security_protocol": "PLAINTEXT",
    } == client_options(KafkaSettings(bootstrap_servers="a:1,b:2"))


def test_sasl_over_tls_has_credentials_and_a_context() -> None:
    """The context checks the broker's name."""
    options = client_options(
        KafkaSettings(
            security_protocol="SASL_SSL",
            sasl_mechanism="SCRAM-SHA-512",
            sasl_username="me",
            sasl_password=SecretStr("p"),
        )
    )

    assert ("SCRAM-SHA-512", "me", "p") == (
        options["sasl_mechanism"],
        options["sasl_plain_username"],
        options["sasl_plain_password"],
    )
    assert isinstance(options["ssl_context"], ssl.SSLContext)
    assert options["ssl_context"].check_hostname


def test_a_file_that_cannot_be_used_is_named_with_its_variable(tmp_path: Path) -> None:
    """Missing, or no certificate at all."""
    (tmp_path / "not.pem").write_text("no certificate")
    missing = str(tmp_path / "missing.pem")
    wrong = str(tmp_path / "not.pem")

    for file in (missing, wrong):
        with pytest.raises(SettingsInvalid, match=f"^CODES_KAFKA__CA_FILE: {file} cannot be used"):
            client_options(KafkaSettings(security_protocol="SSL", ca_file=file))
        with pytest.raises(SettingsInvalid, match=r"CODES_KAFKA__CLIENT_KEY_PASSWORD: .*cannot be used"):
            client_options(KafkaSettings(security_protocol="SSL", client_cert_file=file, client_key_file=file))


def test_topics_are_those_of_the_contract_under_the_prefix() -> None:
    """Dead letters are kept longer, and may be larger."""
    settings = TopicSettings(
        prefix="x.", partitions={"results.v1": 3}, retention_hours=1, dead_letter_retention_hours=2
    )

    wanted = {topic.name: topic for topic in wanted_topics(settings)}

    assert len(SERVICE_TOPICS) == len(wanted)
    requests = wanted["x.reserve.requests.v1"]
    assert ("LogAppendTime", "3600000") == (
        requests.config["message.timestamp.type"],
        requests.config["retention.ms"],
    )
    assert 3 == wanted["x.results.v1"].partitions
    assert "7200000" == wanted["x.dead-letters.v1"].config["retention.ms"]
    assert f"{(2 + 30 * 24) * 3_600_000}" == wanted["x.dead-letters-replayed.v1"].config["retention.ms"]
    assert "8388608" == wanted["x.dead-letters.v1"].config["max.message.bytes"]
