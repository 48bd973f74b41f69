"""Rules, dashboard and network: what the cluster gets of the files that `codes monitoring` makes."""

import json

import yaml

from cli.commands.monitoring import ALERTS_FILE, files
from ops.monitoring.alert import RUNBOOKS
from ops.monitoring.scope import Scope
from tests.helm.tools import CHART, of_kind, render

WIKI = 'prometheusRule={"enabled": true, "runbooks": "https://wiki.example/runbooks"}'


def test_the_rules_are_the_files_own_for_this_deployment() -> None:
    """As `codes monitoring` writes them for it; braces and all: Helm leaves Prometheus's templates alone."""
    rule = of_kind(render("prod"), "PrometheusRule")["codes"]

    scope = Scope("shop", "codes", {"worker": 3, "importer": 2, "expirer": 2, "inventory": 2})
    assert yaml.safe_load(files(RUNBOOKS, scope)[ALERTS_FILE]) == rule["spec"]


def test_a_role_that_is_not_deployed_is_not_missed() -> None:
    """Its number of replicas is 0; with the canary there is one more process."""
    values = ('prometheusRule={"enabled": true}', 'roles.expirer={"enabled": false}', 'canary={"enabled": true}')
    rule = of_kind(render("", *values), "PrometheusRule")["codes"]

    scope = Scope("shop", "codes", {"worker": 3, "importer": 2, "expirer": 0, "inventory": 2, "canary": 1})
    assert yaml.safe_load(files(RUNBOOKS, scope)[ALERTS_FILE]) == rule["spec"]


def test_a_target_says_its_role_and_its_release() -> None:
    """All pods have one PodMonitor, so its name would be the job of all; the rules select by the release."""
    spec = of_kind(render("prod"), "PodMonitor")["codes"]["spec"]
    [endpoint] = spec["podMetricsEndpoints"]

    assert "app.kubernetes.io/component" == spec["jobLabel"]
    assert {
        "sourceLabels": ["__meta_kubernetes_pod_label_app_kubernetes_io_instance"],
        "targetLabel": "release",
    } in endpoint["relabelings"]


def test_the_runbooks_may_be_elsewhere() -> None:
    """Every alert links there."""
    groups = of_kind(render("", WIKI), "PrometheusRule")["codes"]["spec"]["groups"]
    rules = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    links = [rule["annotations"]["runbook_url"] for rule in rules]

    assert links
    assert all(link.startswith("https://wiki.example/runbooks#codes") for link in links)


def test_the_dashboard_is_the_files_own() -> None:
    """Labelled so that Grafana's sidecar finds it."""
    found = of_kind(render("prod"), "ConfigMap")["codes-dashboard"]

    assert {"grafana_dashboard": "1"}.items() <= found["metadata"]["labels"].items()
    expected = json.loads((CHART / "files" / "dashboard.json").read_text())
    assert expected == json.loads(found["data"]["code-service.json"])


def test_metrics_are_for_prometheus_alone() -> None:
    """The ops port has no authentication; the API's has."""
    policy = of_kind(render("prod"), "NetworkPolicy")["codes"]
    [metrics, api] = policy["spec"]["ingress"]

    assert [{"port": "ops", "protocol": "TCP"}] == metrics["ports"]
    assert [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}] == metrics["from"]
    assert [{"port": "http", "protocol": "TCP"}] == api["ports"]


def test_every_role_is_scraped_and_no_one_off_job() -> None:
    """By labels that only pods with an ops port have."""
    selector = of_kind(render("prod"), "PodMonitor")["codes"]["spec"]["selector"]
    left_aside = selector["matchExpressions"][0]["values"]

    for workload in of_kind(render("prod"), "Deployment", "StatefulSet").values():
        labels = workload["spec"]["template"]["metadata"]["labels"]
        assert selector["matchLabels"].items() <= labels.items()
        assert labels["app.kubernetes.io/component"] not in left_aside
