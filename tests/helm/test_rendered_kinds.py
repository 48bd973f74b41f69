"""What Helm makes is what Kubernetes takes: every object against the schema of its kind."""

import pytest
import yaml

from tests.helm.custom import CUSTOM
from tests.helm.tools import CHART, ENVIRONMENTS, KUBERNETES, Object, helm, render, template, values_of

EVERYTHING = (
    'networkPolicy={"enabled": true}',
    'podMonitor={"enabled": true}',
    'prometheusRule={"enabled": true}',
    'dashboard={"enabled": true}',
    'ingress={"enabled": true, "host": "codes.example", "className": "nginx", "annotations": {"a": "b"}}',
    'secretEnv={"CODES_INVENTORY__JWT_SECRET": {"secret": "api", "key": "jwt"}}',
    'secretFiles=[{"secret": "kafka-tls", "mountPath": "/etc/codes/kafka", "roles": ["worker"]}]',
    'roles.worker={"staticMembership": false, "autoscaling": {"kind": "hpa"}}',
    'roles.worker.extraEnv=[{"name": "C", "value": "d"}]',
    'roles.expirer={"staticMembership": true}',
    'serviceAccount={"create": false}',
    'roles.inventory={"serviceAccount": {"name": "mine"}, "settings": {"CODES_LOG__LEVEL": "DEBUG"}}',
    'roles.importer={"serviceAccount": {"roleArn": "arn:aws:iam::111122223333:role/codes"}}',
    'migrate={"secretEnv": {"CODES_MONGO__URI": {"secret": "mongo", "key": "uri"}}}',
    'image.digest="sha256:%s"' % ("0" * 64),
    'image.pullSecrets=["registry"]',
    'tolerations=[{"key": "codes", "operator": "Exists"}]',
    'otlp={"endpoint": "http://collector.observability.svc:4318"}',
    'networkPolicy.presets=["msk", "confluent", "atlasPrivateEndpoint", "https", "podIdentity", "otlp"]',
    'networkPolicy.egressPorts=[{"from": 8443, "to": 8443}]',
    'extraEnv=[{"name": "A", "value": "b"}]',
    'extraVolumes=[{"name": "more", "emptyDir": {}}]',
    'extraVolumeMounts=[{"name": "more", "mountPath": "/more"}]',
    'affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{}]}}}',
    'topologySpreadConstraints=[{"maxSkew": 2, "topologyKey": "a", "whenUnsatisfiable": "DoNotSchedule"}]',
    'nodeSelector={"kubernetes.io/arch": "amd64"}',
    'priorityClassName="high"',
    'canary={"enabled": true, "settings": {"CODES_LOG__LEVEL": "DEBUG"}}',
)


VERSIONS = tuple(f"1.{minor}.0" for minor in range(29, 35))
SAMPLE = CHART.parent / "samples" / "trigger-authentication.yaml"


def check(found: Object, kubernetes: str = KUBERNETES) -> None:
    """Fails with what is wrong: an unknown field too."""
    import jsonschema  # noqa: PLC0415  # takes seconds to load, in every process of a run
    import kubernetes_validate  # noqa: PLC0415  # as above

    if found["kind"] in CUSTOM:
        jsonschema.validate(found, CUSTOM[found["kind"]])
    else:
        kubernetes_validate.validate(found, kubernetes.rpartition(".")[0], strict=True)


@pytest.mark.parametrize("environment", ["", *ENVIRONMENTS])
def test_every_object_is_valid(environment: str) -> None:
    """With the values of each environment, and with none."""
    for found in render(environment):
        check(found)


@pytest.mark.parametrize("kubernetes", VERSIONS)
def test_every_switch_makes_valid_objects(kubernetes: str) -> None:
    """All that can be turned on, at once, on each version of Kubernetes."""
    objects = render("", *EVERYTHING, kubernetes=kubernetes)

    for found in objects:
        check(found, kubernetes)
    assert {"Deployment", "StatefulSet", "HorizontalPodAutoscaler", "Ingress"} < {found["kind"] for found in objects}


def test_an_older_kubernetes_is_refused() -> None:
    """Before 1.27, what spreads the pods is not on by default."""
    assert "chart requires kubeVersion: >=1.27.0-0" in template("", kubernetes="1.26.0").stderr


def test_the_sample_of_kedas_login_is_valid() -> None:
    """And it has the name that the environments' values refer to."""
    sample = yaml.safe_load(SAMPLE.read_text())

    check(sample)
    assert (
        sample["metadata"]["name"]
        == yaml.safe_load(values_of("prod").read_text())["roles"]["worker"]["autoscaling"]["authenticationRef"]
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_helm_finds_nothing_to_complain_about(environment: str) -> None:
    """`helm lint`, where a warning counts."""
    values = str(values_of(environment))

    done = helm("lint", "--strict", "--kube-version", KUBERNETES, str(CHART), "--values", values)

    assert 0 == done.returncode, done.stdout


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_object_is_there_twice(environment: str) -> None:
    """The second would replace the first."""
    names = [(found["kind"], found["metadata"]["name"]) for found in render(environment)]

    assert len(names) == len(set(names))
