"""The AsyncAPI 3.0 document: what the service reads from Kafka and writes to it.

In:       messages, channels, operations.
Out:      `asyncapi`.
Promise:  generated with default settings in any environment: the same version generates the same document.
"""

from typing import Any, Final

from interfaces.channels import channels, operations
from interfaces.messages import MESSAGES, document_of
from interfaces.payloads import INCOMING, OUTGOING, schema_of
from ops.version import service_version
from schemas.settings import KafkaSettings, TopicSettings

DESCRIPTION: Final = """\
Hands out access codes: each code to one fan, each request answered once, counts always true.

Every value is one UTF-8 JSON object, every instant RFC 3339 in UTC with milliseconds. Unknown fields are ignored.
A request that is sent again gets the same result again, with the same `ce_id`; no code moves twice.
Read with `isolation.level=read_committed`. The prefixes of topics and of groups are settings of the deployment.

The rules are in docs/contract.md, the first steps in docs/connect.md.
"""
SECURITY: Final = {
    "plain": {"type": "plain", "description": "SASL/PLAIN."},
    "scramSha256": {"type": "scramSha256", "description": "SASL/SCRAM-SHA-256."},
    "scramSha512": {"type": "scramSha512", "description": "SASL/SCRAM-SHA-512."},
    "clientCertificate": {"type": "X509", "description": "Mutual TLS."},
}


def asyncapi() -> dict[str, Any]:
    topics, kafka = TopicSettings(), KafkaSettings()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "code-service",
            "version": service_version(),
            "description": DESCRIPTION,
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": servers(kafka),
        "channels": channels(topics),
        "operations": operations(kafka),
        "components": {
            "parameters": {"prefix": {"default": topics.prefix, "description": "`CODES_TOPICS__PREFIX`."}},
            "securitySchemes": SECURITY,
            "messages": {kind.name: document_of(kind) for kind in MESSAGES},
            "schemas": {model.__name__: schema_of(model) for model in (*INCOMING, *OUTGOING)},
        },
    }


def servers(settings: KafkaSettings) -> dict[str, Any]:
    secured = [{"$ref": f"#/components/securitySchemes/{name}"} for name in SECURITY]
    return {
        "local": {
            "host": settings.bootstrap_servers,
            "protocol": "kafka",
            "description": "The local stack: `codes dev up` starts it and prints the port.",
        },
        "deployed": {
            "host": "{bootstrap}",
            "protocol": "kafka-secure",
            "description": "A deployment, with TLS.",
            "variables": {"bootstrap": {"description": "`host:port` of a broker; ask the operators."}},
            "security": secured,
        },
    }
