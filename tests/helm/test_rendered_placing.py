"""Names, places and additions: what a cluster's own rules ask for, for all pods or for those of one role."""

from typing import Any, Final

import pytest

from tests.helm.tools import ENVIRONMENTS, Object, container, of_kind, refusal, render

ROLES: Final = ("worker", "importer", "expirer", "inventory")
PODS: Final = ("Deployment", "StatefulSet", "Job")
MORE: Final = (
    'extraEnv=[{"name": "A", "value": "b"}]',
    'extraVolumes=[{"name": "more", "emptyDir": {}}]',
    'extraVolumeMounts=[{"name": "more", "mountPath": "/more"}]',
    'affinity={"podAntiAffinity": {}}',
    'roles.worker={"extraEnv": [{"name": "C", "value": "d"}], "affinity": {"nodeAffinity": {}}}',
)


def pod(workload: Object) -> dict[str, Any]:
    """The spec of its pods."""
    found: dict[str, Any] = workload["spec"]["template"]["spec"]
    return found


def workloads(*values: str, environment: str = "", options: tuple[str, ...] = ()) -> dict[str, Object]:
    return of_kind(render(environment, *values, options=options), *PODS)


def test_additions_reach_every_pod_and_a_roles_own_that_role() -> None:
    """Variables, volumes and mounts are added; a role's affinity is used instead of the one for all."""
    made = workloads(*MORE)
    variables = {name: {entry["name"]: entry.get("value") for entry in container(made[name])["env"]} for name in made}

    for name, workload in made.items():
        assert "b" == variables[name]["A"]
        assert {"name": "more", "emptyDir": {}} in pod(workload)["volumes"]
        assert {"name": "more", "mountPath": "/more"} in container(workload)["volumeMounts"]
        affinity = "nodeAffinity" if name == "codes-worker" else "podAntiAffinity"
        assert {affinity: {}} == pod(workload)["affinity"]
    assert ["codes-worker"] == [name for name in made if "C" in variables[name]]


@pytest.mark.parametrize(
    ("value", "names", "label"),
    [
        ('nameOverride="tickets"', "codes-tickets", "tickets"),
        ('fullnameOverride="shop"', "shop", "codes"),
    ],
)
def test_names_can_be_others(value: str, names: str, label: str) -> None:
    """Every object, and what selects the pods."""
    objects = render("prod", value)

    assert all(found["metadata"]["name"].startswith(names) for found in objects)
    assert {label} == {found["metadata"]["labels"]["app.kubernetes.io/name"] for found in objects}


def test_a_lost_zone_holds_no_pod_back() -> None:
    """Its nodes are tainted, and count no longer; nor do pods of the former version."""
    for workload in of_kind(render("prod"), "Deployment", "StatefulSet").values():
        revision = {"StatefulSet": "controller-revision-hash", "Deployment": "pod-template-hash"}[workload["kind"]]
        constraints = pod(workload)["topologySpreadConstraints"]
        assert {"Honor"} == {constraint["nodeTaintsPolicy"] for constraint in constraints}
        assert [[revision], [revision]] == [constraint["matchLabelKeys"] for constraint in constraints]


def test_spread_can_be_replaced() -> None:
    """As it is given."""
    own = '[{"maxSkew": 2, "topologyKey": "rack", "whenUnsatisfiable": "ScheduleAnyway"}]'
    made = workloads(f"topologySpreadConstraints={own}")

    found = {str(pod(made[f"codes-{role}"])["topologySpreadConstraints"]) for role in ROLES}
    assert {"[{'maxSkew': 2, 'topologyKey': 'rack', 'whenUnsatisfiable': 'ScheduleAnyway'}]"} == found


def test_a_secret_whose_name_has_dots_is_mounted() -> None:
    """A volume's name may have none. The same Secret may be mounted twice."""
    files = '[{"secret": "kafka.tls", "mountPath": "/a"}, {"secret": "kafka.tls", "mountPath": "/b"}]'
    worker = workloads(f"secretFiles={files}")["codes-worker"]
    names = [volume["name"] for volume in pod(worker)["volumes"] if volume.get("secret")]

    assert ["secret-file-0", "secret-file-1"] == names
    assert (
        dict(zip(names, ("/a", "/b"), strict=True)).items()
        <= {mount["name"]: mount["mountPath"] for mount in container(worker)["volumeMounts"]}.items()
    )


def test_an_image_is_named() -> None:
    """No default could be pulled from anywhere."""
    assert "image.repository is needed" in refusal('image.repository=""')


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_pod_may_pull_its_image(environment: str) -> None:
    """A private registry asks for a Secret: of roles, of the migration, and of the test."""
    objects = render(environment)
    specs = [pod(workload) for workload in of_kind(objects, *PODS).values()]
    specs += [found["spec"] for found in of_kind(objects, "Pod").values()]

    assert [[{"name": "codes-registry"}]] * 6 == [spec["imagePullSecrets"] for spec in specs]


def test_a_canary_is_one_pod_of_each_stateful_set() -> None:
    """The last one; Deployments stand still until the whole roll-out."""
    canary = workloads('rollOut="canary"', environment="prod", options=("--is-upgrade",))
    partitions = {
        name: workload["spec"]["updateStrategy"]["rollingUpdate"]["partition"]
        for name, workload in canary.items()
        if workload["kind"] == "StatefulSet"
    }

    assert {"codes-worker": 2, "codes-importer": 1} == partitions
    assert all(found["spec"]["paused"] for found in canary.values() if found["kind"] == "Deployment")


def test_an_installation_is_no_canary() -> None:
    """A paused Deployment would have no pod at all."""
    assert workloads(environment="prod") == workloads('rollOut="canary"', environment="prod")


def test_the_migration_may_build_an_index_for_an_hour() -> None:
    """`codes migrate` waits an hour for an index; the job is not ended before."""
    [job] = of_kind(render("prod"), "Job").values()

    assert job["spec"]["activeDeadlineSeconds"] >= 2 * 3600
