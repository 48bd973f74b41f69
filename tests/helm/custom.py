"""Schemas of the custom resources that the chart makes, from their documented fields; nothing else is allowed.

Out: `CUSTOM`, by kind.
"""

from typing import Any, Final

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string", "minLength": 1}
COUNT: Final[Schema] = {"type": "integer", "minimum": 1}
TEXTS: Final[Schema] = {"type": "object", "additionalProperties": {"type": "string"}}
FLAG_TEXT: Final[Schema] = {"enum": ["true", "false"]}
NUMBER_TEXT: Final[Schema] = {"type": "string", "pattern": "^[0-9]+$"}


def closed(*required: str, **properties: Schema) -> Schema:
    """An object with these fields and no other."""
    return {"type": "object", "additionalProperties": False, "required": list(required), "properties": properties}


def several(items: Schema) -> Schema:
    """One or more."""
    return {"type": "array", "minItems": 1, "items": items}


def resource(version: str, spec: Schema) -> Schema:
    """A whole custom resource."""
    return closed(
        "apiVersion",
        "kind",
        "metadata",
        "spec",
        apiVersion={"const": version},
        kind=TEXT,
        metadata=closed("name", name=TEXT, labels=TEXTS),
        spec=spec,
    )


SELECTOR: Final = closed(
    matchLabels=TEXTS,
    matchExpressions=several(closed("key", "operator", key=TEXT, operator=TEXT, values=several(TEXT))),
)
RELABELING: Final = closed("sourceLabels", "targetLabel", sourceLabels=several(TEXT), targetLabel=TEXT)
POD_MONITOR: Final = closed(
    "selector",
    "podMetricsEndpoints",
    selector=SELECTOR,
    jobLabel=TEXT,
    podMetricsEndpoints=several(
        closed("port", port=TEXT, path=TEXT, interval=TEXT, relabelings=several(RELABELING)),
    ),
)
ALERT: Final = closed("alert", "expr", alert=TEXT, expr=TEXT, labels=TEXTS, annotations=TEXTS, **{"for": TEXT})
RECORD: Final = closed("record", "expr", record=TEXT, expr=TEXT, labels=TEXTS)
RULE: Final[Schema] = {"oneOf": [ALERT, RECORD]}
PROMETHEUS_RULE: Final = closed("groups", groups=several(closed("name", "rules", name=TEXT, rules=several(RULE))))
KAFKA_TRIGGER: Final = closed(
    "bootstrapServers",
    "consumerGroup",
    bootstrapServers=TEXT,
    consumerGroup=TEXT,
    lagThreshold=NUMBER_TEXT,
    activationLagThreshold=NUMBER_TEXT,
    offsetResetPolicy={"enum": ["latest", "earliest"]},
    allowIdleConsumers=FLAG_TEXT,
    scaleToZeroOnInvalidOffset=FLAG_TEXT,
    excludePersistentLag=FLAG_TEXT,
    sasl={"enum": ["none", "plaintext", "scram_sha256", "scram_sha512"]},
    tls={"enum": ["enable", "disable"]},
)
CRON_TRIGGER: Final = closed(
    *("timezone", "start", "end", "desiredReplicas"),
    timezone=TEXT,
    start=TEXT,
    end=TEXT,
    desiredReplicas=NUMBER_TEXT,
)
FALLBACK: Final = closed(
    *("failureThreshold", "replicas"),
    failureThreshold=COUNT,
    replicas=COUNT,
    behavior={"enum": ["static", "currentReplicas", "currentReplicasIfHigher", "currentReplicasIfLower"]},
)
POLICY: Final = closed("type", "value", "periodSeconds", type=TEXT, value=COUNT, periodSeconds=COUNT)
STEPS: Final = closed(stabilizationWindowSeconds=COUNT, policies=several(POLICY))
SCALED_OBJECT: Final = closed(
    "scaleTargetRef",
    "triggers",
    scaleTargetRef=closed("name", apiVersion=TEXT, kind=TEXT, name=TEXT),
    minReplicaCount=COUNT,
    maxReplicaCount=COUNT,
    pollingInterval=COUNT,
    fallback=FALLBACK,
    advanced=closed(horizontalPodAutoscalerConfig=closed(behavior=closed(scaleUp=STEPS, scaleDown=STEPS))),
    triggers={
        "type": "array",
        "prefixItems": [
            closed(
                *("type", "metadata"),
                type={"const": "kafka"},
                metricType={"const": "AverageValue"},
                metadata=KAFKA_TRIGGER,
                authenticationRef=closed("name", name=TEXT),
            )
        ],
        "items": closed("type", "metadata", type={"const": "cron"}, metadata=CRON_TRIGGER),
    },
)
AUTHENTICATION: Final = closed(
    "secretTargetRef",
    secretTargetRef=several(
        closed(
            *("parameter", "name", "key"),
            parameter={"enum": ["username", "password", "ca", "cert", "key"]},
            name=TEXT,
            key=TEXT,
        )
    ),
)
CUSTOM: Final[dict[str, Schema]] = {
    "PodMonitor": resource("monitoring.coreos.com/v1", POD_MONITOR),
    "PrometheusRule": resource("monitoring.coreos.com/v1", PROMETHEUS_RULE),
    "ScaledObject": resource("keda.sh/v1alpha1", SCALED_OBJECT),
    "TriggerAuthentication": resource("keda.sh/v1alpha1", AUTHENTICATION),
}
