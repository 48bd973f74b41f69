"""The values that matter: what a mistake in would only be seen in the cluster, and then at night."""

from typing import Any

import pytest
from typer.main import get_command

from cli.main import app
from ops.settings.load import load_settings
from tests.helm.tools import ENVIRONMENTS, Object, container, of_kind, render

ROLES = ("worker", "importer", "expirer", "inventory")
WORKLOADS = ("Deployment", "StatefulSet")
LEAVING_S = 10
"""After the stop budget: five seconds to cut short, five to leave."""


def roles(environment: str) -> dict[str, Object]:
    return of_kind(render(environment), *WORKLOADS)


def pods(environment: str) -> list[Object]:
    """The specs of all pods: of roles, of the migration, of the test."""
    objects = render(environment)
    made = [workload["spec"]["template"]["spec"] for workload in of_kind(objects, *WORKLOADS, "Job").values()]
    return made + [pod["spec"] for pod in of_kind(objects, "Pod").values()]


def config(environment: str) -> dict[str, str]:
    found: dict[str, str] = of_kind(render(environment), "ConfigMap")["codes"]["data"]
    return found


def variables(found: Object) -> dict[str, Any]:
    return {variable["name"]: variable.get("valueFrom", variable.get("value")) for variable in found["env"]}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
class TestRoles:
    def test_each_runs_a_command_that_exists(self, environment: str) -> None:
        """One workload a role, by its own command."""
        made = {name: container(workload)["args"] for name, workload in roles(environment).items()}

        assert {f"codes-{role}": [role] for role in ROLES} == made
        assert set(ROLES) < set(get_command(app).commands)  # type: ignore[attr-defined]  # a group of commands

    def test_the_grace_is_longer_than_a_stop(self, environment: str) -> None:
        """Or the kubelet would kill a batch that was about to end."""
        budget_s = load_settings(config(environment)).worker.stop_budget_s if environment == "dev" else 15

        for workload in roles(environment).values():
            wait = (
                container(workload).get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", ["", "0"])
            )
            grace_s = workload["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
            assert grace_s > budget_s + LEAVING_S + int(wait[1])

    def test_each_is_probed_on_its_ops_port(self, environment: str) -> None:
        """Alive by /live, served by /ready."""
        for workload in roles(environment).values():
            found = container(workload)
            asked = {name: found[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
            live, ready = {"path": "/live", "port": "ops"}, {"path": "/ready", "port": "ops"}
            assert {"startup": live, "liveness": live, "readiness": ready} == asked
            assert {"name": "ops", "containerPort": int(config(environment)["CODES_OPS__PORT"])} in found["ports"]

    def test_only_pods_that_keep_their_name_are_static_members(self, environment: str) -> None:
        """A Deployment's pod never comes back under its name: its partitions would wait in vain."""
        for workload in roles(environment).values():
            given = variables(container(workload)).get("CODES_KAFKA__GROUP_INSTANCE_ID")
            own_name = {"fieldRef": {"fieldPath": "metadata.name"}}
            assert (own_name if workload["kind"] == "StatefulSet" else None) == given

    def test_only_static_members_have_long_to_come_back(self, environment: str) -> None:
        """The group should notice the death of any other pod at once."""
        for workload in roles(environment).values():
            given = variables(container(workload)).get("CODES_KAFKA__SESSION_TIMEOUT_MS")
            assert ("45000" if workload["kind"] == "StatefulSet" else None) == given

    def test_a_roll_out_takes_one_at_a_time(self, environment: str) -> None:
        """And waits until the group has settled: few rebalances, little that stands still."""
        for workload in roles(environment).values():
            assert workload["spec"]["minReadySeconds"] >= 15
            if workload["kind"] == "Deployment":
                rolling = workload["spec"]["strategy"]["rollingUpdate"]
                assert 1 == rolling["maxSurge"] + rolling["maxUnavailable"]

    def test_every_pod_has_no_rights(self, environment: str) -> None:
        """No root, no writable path but /tmp, no capability, no token of the cluster."""
        for pod in pods(environment):
            assert not pod["automountServiceAccountToken"]
            assert pod["securityContext"]["runAsNonRoot"]
            assert {"type": "RuntimeDefault"} == pod["securityContext"]["seccompProfile"]
            for spec in pod["containers"]:
                security = spec["securityContext"]
                assert (True, False) == (security["readOnlyRootFilesystem"], security["allowPrivilegeEscalation"])
                assert {"drop": ["ALL"]} == security["capabilities"]


@pytest.mark.parametrize("environment", ["qa", "preprod", "prod"])
def test_one_pod_of_a_role_goes_at_a_time(environment: str) -> None:
    """Each role has its budget of disruption."""
    budgets = of_kind(render(environment), "PodDisruptionBudget")

    assert {f"codes-{role}": 1 for role in ROLES} == {
        name: budget["spec"]["maxUnavailable"] for name, budget in budgets.items()
    }


def test_topics_and_collections_are_there_before_the_roles() -> None:
    """The hook has its settings with it: nothing else of the release exists yet."""
    job = of_kind(render("prod"), "Job")["codes-migrate"]

    assert "pre-install,pre-upgrade" == job["metadata"]["annotations"]["helm.sh/hook"]
    assert ["migrate"] == container(job)["args"]
    assert "envFrom" not in container(job)
    assert {"CODES_KAFKA__BOOTSTRAP_SERVERS", "CODES_SECRETS_DIR"} < variables(container(job)).keys()
