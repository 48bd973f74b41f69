"""The network policy: what is open, by name, and that it is there before anything needs it."""

import json
from typing import Any, Final

import pytest

from tests.helm.tools import Object, of_kind, refusal, render

ENABLED: Final = 'networkPolicy={"enabled": true}'
DNS: Final = ({"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"})
POD_IDENTITY: Final = [{"ipBlock": {"cidr": "169.254.170.23/32"}}, {"ipBlock": {"cidr": "fd00:ec2::23/128"}}]
FIRST: Final = {"helm.sh/hook": "pre-install,pre-upgrade", "helm.sh/hook-weight": "-10"}
COLLECTOR: Final = {"namespaceSelector": {"matchLabels": {"name": "observability"}}}


def policies(*values: str, environment: str = "") -> dict[str, Object]:
    return of_kind(render(environment, ENABLED, *values), "NetworkPolicy")


def opened(*values: str) -> list[dict[str, Any]]:
    """What egress allows, except DNS."""
    egress: list[dict[str, Any]] = policies(*values)["codes-migrate"]["spec"]["egress"]
    return [rule for rule in egress if rule["ports"] != list(DNS)]


@pytest.mark.parametrize(
    ("preset", "ports"),
    [
        ("kafka", {9092, 9094, 9096, 9098}),
        ("msk", {9094, 9096, 9098, 9194, 9196, 9198, 20098}),
        ("confluent", {9092}),
        ("mongodb", {27015, 27016, 27017}),
        ("atlasPrivateEndpoint", {1024, 65535}),
        ("https", {443}),
        ("otlp", {4317, 4318}),
    ],
)
def test_a_preset_opens_its_ports(preset: str, ports: set[int]) -> None:
    """Those of the service's documentation, and not those of another preset."""
    [rule] = opened(f'networkPolicy.presets=["{preset}"]')

    assert ports == {port for port in ports if any(part["port"] <= port <= part["endPort"] for part in rule["ports"])}
    assert not any(part["port"] <= 22 <= part["endPort"] for part in rule["ports"])


def test_pod_identity_is_one_address() -> None:
    """Port 80 of all others stays closed."""
    [rule] = opened('networkPolicy.presets=["podIdentity"]')

    assert ([{"port": 80, "protocol": "TCP"}], POD_IDENTITY) == (rule["ports"], rule["to"])


def test_names_are_asked_of_the_clusters_resolver_alone() -> None:
    """A query to any other server could carry data out."""
    for policy in policies().values():
        [dns] = [rule for rule in policy["spec"]["egress"] if rule["ports"] == list(DNS)]
        assert {"matchLabels": {"k8s-app": "kube-dns"}} == dns["to"][0]["podSelector"]
        assert {"ipBlock": {"cidr": "169.254.20.10/32"}} == dns["to"][1]


def test_the_migration_has_its_policy_first() -> None:
    """Where nothing may leave by default, the hook could otherwise reach no database. The roles keep theirs."""
    roles, migration = policies()["codes"], policies()["codes-migrate"]
    [job] = of_kind(render("", ENABLED), "Job").values()

    assert FIRST.items() <= migration["metadata"]["annotations"].items()
    assert (
        migration["spec"]["podSelector"]["matchLabels"].items()
        <= job["spec"]["template"]["metadata"]["labels"].items()
    )
    assert int(job["metadata"]["annotations"].get("helm.sh/hook-weight", 0)) > int(FIRST["helm.sh/hook-weight"])
    assert "annotations" not in roles["metadata"]


@pytest.mark.parametrize(
    ("endpoint", "port"),
    [
        ("http://collector.observability.svc:4318", 4318),
        ("https://collector.example", 443),
        ("http://collector/v1", 80),
        ("http://[fd00::1]", 80),
    ],
)
def test_the_collector_is_set_and_reached_by_one_value(endpoint: str, port: int) -> None:
    """Traces are on, go there, and are let through."""
    values = (f'otlp.endpoint="{endpoint}"', f"otlp.to={json.dumps([COLLECTOR])}")
    config = of_kind(render("", ENABLED, *values), "ConfigMap")["codes"]["data"]

    assert ("true", endpoint) == (config["CODES_OTEL__ENABLED"], config["OTEL_EXPORTER_OTLP_ENDPOINT"])
    assert {"ports": [{"port": port, "protocol": "TCP"}], "to": [COLLECTOR]} == opened(*values)[-1]


def test_an_unknown_preset_is_refused_by_its_name() -> None:
    """As is every unknown value."""
    assert "presets" in refusal('networkPolicy.presets=["kafak"]')
