"""What Helm makes is what Kubernetes takes: every object against the schema of its kind."""

import pytest

from tests.helm.custom import CUSTOM
from tests.helm.tools import CHART, ENVIRONMENTS, KUBERNETES, Object, helm, render

EVERYTHING = (
    'networkPolicy={"enabled": true}',
    'podMonitor={"enabled": true}',
    'prometheusRule={"enabled": true}',
    'dashboard={"enabled": true}',
    'ingress={"enabled": true, "host": "codes.example", "className": "nginx", "annotations": {"a": "b"}}',
    'secretEnv={"CODES_INVENTORY__JWT_SECRET": {"secret": "api", "key": "jwt"}}',
    'secretFiles=[{"secret": "kafka-tls", "mountPath": "/etc/codes/kafka", "roles": ["worker"]}]',
    'roles.worker={"staticMembership": false, "autoscaling": {"kind": "hpa"}}',
    'roles.expirer={"staticMembership": true}',
    'serviceAccount={"create": false}',
    'roles.inventory={"serviceAccount": {"name": "mine"}, "settings": {"CODES_LOG__LEVEL": "DEBUG"}}',
    'roles.importer={"serviceAccount": {"roleArn": "arn:aws:iam::111122223333:role/codes"}}',
    'migrate={"secretEnv": {"CODES_MONGO__URI": {"secret": "mongo", "key": "uri"}}}',
    'image={"digest": "sha256:%s", "pullSecrets": ["registry"]}' % ("0" * 64),
    'tolerations=[{"key": "codes", "operator": "Exists"}]',
    'nodeSelector={"kubernetes.io/arch": "amd64"}',
    'priorityClassName="high"',
    'canary={"enabled": true, "settings": {"CODES_LOG__LEVEL": "DEBUG"}}',
)


def check(found: Object) -> None:
    """Fails with what is wrong: an unknown field too."""
    import jsonschema  # noqa: PLC0415  # takes seconds to load, in every process of a run
    import kubernetes_validate  # noqa: PLC0415  # as above

    if found["kind"] in CUSTOM:
        jsonschema.validate(found, CUSTOM[found["kind"]])
    else:
        kubernetes_validate.validate(found, ".".join(KUBERNETES.split(".")[:2]), strict=True)


@pytest.mark.parametrize("environment", ["", *ENVIRONMENTS])
def test_every_object_is_valid(environment: str) -> None:
    """With the values of each environment, and with none."""
    for found in render(environment):
        check(found)


def test_every_switch_makes_valid_objects() -> None:
    """All that can be turned on, at once."""
    objects = render("", *EVERYTHING)

    for found in objects:
        check(found)
    assert {"Deployment", "StatefulSet", "HorizontalPodAutoscaler", "Ingress"} < {found["kind"] for found in objects}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_helm_finds_nothing_to_complain_about(environment: str) -> None:
    """`helm lint`, where a warning counts."""
    values = str(CHART / f"values-{environment}.yaml")

    done = helm("lint", "--strict", "--kube-version", KUBERNETES, str(CHART), "--values", values)

    assert 0 == done.returncode, done.stdout


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_object_is_there_twice(environment: str) -> None:
    """The second would replace the first."""
    names = [(found["kind"], found["metadata"]["name"]) for found in render(environment)]

    assert len(names) == len(set(names))
