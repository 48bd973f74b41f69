"""Scaling: from 3 to 12, never more than partitions, and not for the markers of transactions."""

import math

import pytest

from schemas.topics import IMPORT, INVENTORY, RELEASE, REQUEST_TOPICS
from tests.helm.tools import Object, of_kind, refusal, render

KEDA = '"autoscaling": {"kind": "keda"}'
BROKER = '"CODES_KAFKA__BOOTSTRAP_SERVERS": "kafka:9092"'
PARTITIONS = {
    "worker": sum(topic.partitions for topic in REQUEST_TOPICS),
    "importer": IMPORT.partitions,
    "expirer": RELEASE.partitions,
    "inventory": INVENTORY.partitions,
}


def scaled(*values: str, environment: str = "prod") -> Object:
    found = of_kind(render(environment, *values), "ScaledObject")["codes-worker"]["spec"]
    assert isinstance(found, dict)
    return found


def test_workers_are_scaled_from_three_to_twelve() -> None:
    """And nothing else sets their number, or each upgrade would set it back."""
    objects = render("prod")
    worker = of_kind(objects, "StatefulSet")["codes-worker"]

    assert (3, 12) == (scaled()["minReplicaCount"], scaled()["maxReplicaCount"])
    assert (worker["kind"], "codes-worker") == (
        scaled()["scaleTargetRef"]["kind"],
        scaled()["scaleTargetRef"]["name"],
    )
    assert "replicas" not in worker["spec"]


@pytest.mark.parametrize(("role", "partitions"), PARTITIONS.items())
def test_replicas_are_never_more_than_partitions(role: str, partitions: int) -> None:
    """As many are made; one more is refused, with the number."""
    assert render("", f'roles.{role}={{"replicas": {partitions}}}')
    assert f"the {partitions} partitions" in refusal(f'roles.{role}={{"replicas": {partitions + 1}}}')


def test_nor_are_those_that_are_scaled() -> None:
    """The limit counts the partitions that the settings name."""
    most = 'roles.worker.autoscaling={"kind": "keda", "maxReplicas": 30}'
    more = f'settings={{{BROKER}, "CODES_TOPICS__PARTITIONS": {{"reserve.requests.v1": 16}}}}'

    assert "30 replicas are more than the 24 partitions" in refusal(most, f"settings={{{BROKER}}}")
    assert 30 == scaled(most, more, environment="")["maxReplicaCount"]


def test_markers_bring_no_pod() -> None:
    """A lag of 1 on each partition neither wakes the group up nor asks for a second pod."""
    [trigger] = scaled()["triggers"]
    markers = PARTITIONS["worker"]

    assert markers <= int(trigger["metadata"]["activationLagThreshold"])
    assert 1 == math.ceil(markers / int(trigger["metadata"]["lagThreshold"]))
    assert "commit marker" in refusal(
        f'roles.worker.autoscaling={{"kind": "keda", "lagThreshold": {markers}}}', f"settings={{{BROKER}}}"
    )


def test_the_whole_group_is_measured() -> None:
    """KEDA limits pods to the partitions of a named topic: 8 of the 24."""
    [trigger] = scaled()["triggers"]

    assert "topic" not in trigger["metadata"]
    assert ("codes-worker", "scram_sha512", "enable") == tuple(
        trigger["metadata"][name] for name in ("consumerGroup", "sasl", "tls")
    )


def test_a_broker_with_passwords_needs_one_for_keda() -> None:
    """Or KEDA could not ask it, and nothing would scale."""
    refused = refusal('roles.worker.autoscaling.authenticationRef=""', environment="prod")

    assert "roles.worker.autoscaling.authenticationRef" in refused


def test_the_grace_may_not_be_shorter_than_a_stop() -> None:
    """Also when the budget is raised alone."""
    budget = 'settings={"CODES_WORKER__STOP_BUDGET_S": 20}'

    assert render("", budget)
    refused = refusal(budget, "roles.worker.terminationGracePeriodSeconds=30")
    assert "roles.worker.terminationGracePeriodSeconds: 30 must be above 30" in refused


def test_an_unknown_lag_takes_no_pod_away() -> None:
    """In the middle of a sale, twelve pods stay twelve while KEDA cannot read the lag."""
    assert {"failureThreshold": 3, "replicas": 3, "behavior": "currentReplicasIfHigher"} == scaled()["fallback"]
    assert "fallback.replicas: 13 is above maxReplicas 12" in refusal(
        'roles.worker.autoscaling.fallback={"failureThreshold": 3, "replicas": 13}', environment="prod"
    )


def test_pods_are_there_before_a_sale_begins() -> None:
    """A second trigger, by the clock; the larger number of the two counts."""
    sale = '[{"timezone": "Europe/Berlin", "start": "45 9 1 12 *", "end": "0 12 1 12 *", "replicas": %d}]'
    [_, clock] = scaled(f"roles.worker.autoscaling.schedules={sale % 12}")["triggers"]

    assert ("cron", "12", "45 9 1 12 *") == (clock["type"], *map(clock["metadata"].get, ("desiredReplicas", "start")))
    refused = refusal(f"roles.worker.autoscaling.schedules={sale % 13}", environment="prod")
    assert "roles.worker.autoscaling.schedules: 13 is above maxReplicas 12" in refused
