"""The environment of the roles: settings that exist, no secret, and no value that nobody reads."""

import json
import re
from typing import Any, Final

import pytest

from ops.access.table import access_table
from ops.settings.load import VARIABLES, load_settings
from tests.helm.tools import CHART, ENVIRONMENTS, Object, container, of_kind, refusal, render

ROLES: Final = ("worker", "importer", "expirer", "inventory")
OWN: Final = {
    "CODES_FAILPOINT",
    "CODES_FANS__AUDIT_KEY",
    "CODES_INVENTORY__HOST",
    "CODES_INVENTORY__PORT",
    "CODES_INVENTORY__TOKEN",
    "CODES_REQUESTS__TOKEN",
    "CODES_KAFKA__GROUP_INSTANCE_ID",
    "CODES_OPS__HOST",
    "CODES_OPS__PORT",
    *(name for name in VARIABLES if name.startswith("CODES_REGISTRY__")),
}
"""The chart sets them itself, or no role reads them."""
SECRET: Final = {name for name, variable in VARIABLES.items() if variable.secret}
USER_NAME: Final = "CODES_KAFKA__SASL_USERNAME"
"""May come from a Secret, or be a setting of a role."""
SECRETS_DIR: Final = "/run/secrets/codes"


def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
    return found


def config(environment: str) -> dict[str, str]:
    found: dict[str, str] = of_kind(render(environment), "ConfigMap")["codes"]["data"]
    return found


def env_of(objects: tuple[Object, ...], role: str) -> list[dict[str, Any]]:
    """A container's own variables."""
    found: list[dict[str, Any]] = container(of_kind(objects, "Deployment", "StatefulSet", "Job")[f"codes-{role}"])[
        "env"
    ]
    return found


def secrets(objects: tuple[Object, ...], role: str) -> dict[str, str]:
    """Settings that a role has from Secrets, as files, and the Secret of each."""
    workload = of_kind(objects, "Deployment", "StatefulSet", "Job")[f"codes-{role}"]
    volumes = {volume["name"]: volume for volume in workload["spec"]["template"]["spec"]["volumes"]}
    mounts = {mount["name"]: mount["mountPath"] for mount in container(workload)["volumeMounts"]}
    assert SECRETS_DIR == mounts["secrets"]
    sources = [source["secret"] for source in volumes["secrets"]["projected"]["sources"]]
    return {item["path"]: source["name"] for source in sources for item in source["items"]}


@pytest.mark.parametrize("role", ["worker", "importer", "expirer", "inventory", "migrate"])
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_process_takes_its_settings(environment: str, role: str) -> None:
    """Names, ranges and what must go together, as it loads them; what comes from elsewhere is made up."""
    objects = render(environment)
    own = {
        variable["name"]: variable.get("value", "x" * 32)
        for variable in env_of(objects, role)
        if variable["name"].startswith("CODES_")
    }
    assert SECRETS_DIR == own.pop("CODES_SECRETS_DIR", SECRETS_DIR)

    loaded = load_settings(config(environment) | own | dict.fromkeys(secrets(objects, role), "x" * 32))

    assert config(environment)["CODES_KAFKA__BOOTSTRAP_SERVERS"] == loaded.kafka.bootstrap_servers
    assert 8080 == loaded.ops.port


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_secret_is_in_a_config_map(environment: str) -> None:
    """They come from Secrets that exist, and none is made here."""
    assert set() == SECRET & config(environment).keys()
    assert {} == of_kind(render(environment), "Secret")


def test_only_the_inventory_knows_the_key_of_its_tokens() -> None:
    """A secret is given to the roles that it names."""
    objects = render("prod")

    assert "CODES_INVENTORY__JWT_SECRET" in secrets(objects, "inventory")
    assert "CODES_INVENTORY__JWT_SECRET" not in secrets(objects, "worker")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_role_has_an_identity_of_its_own(environment: str) -> None:
    """A right that is given to one of them is not given to the others."""
    objects = render(environment)
    workloads = of_kind(objects, "Deployment", "StatefulSet")
    pods = {role: workloads[f"codes-{role}"]["spec"]["template"]["spec"] for role in ROLES}
    accounts = {role: pod["serviceAccountName"] for role, pod in pods.items()}

    assert {role: f"codes-{role}" for role in ROLES} == accounts
    assert {*accounts.values(), "codes-migrate"} == of_kind(objects, "ServiceAccount").keys()


def test_production_is_what_the_table_of_rights_says() -> None:
    """Each logs in to Kafka under its name there; only who has a right in MongoDB or AWS has a login there."""
    objects = render("prod")
    config_of_all = config("prod") | {"CODES_MONGO__URI": "mongodb://x", "CODES_KAFKA__SASL_PASSWORD": "x"}
    table = {user.name: user for user in access_table(load_settings(config_of_all | {USER_NAME: "x"}))}
    accounts = of_kind(objects, "ServiceAccount")
    for role in (*ROLES, "migrate"):
        own = {variable["name"]: variable.get("value") for variable in env_of(objects, role)}
        files = secrets(objects, role)
        assert table[role].user == own[USER_NAME]
        assert table[role].user == files["CODES_KAFKA__SASL_PASSWORD"]
        assert bool(table[role].mongo or table[role].mongo_roles) == ("CODES_MONGO__URI" in files)
        annotations = accounts.get(f"codes-{role}", {}).get("metadata", {}).get("annotations") or {}
        assert bool(table[role].aws) == ("eks.amazonaws.com/role-arn" in annotations)
    assert "CODES_MONGO__URI" not in {variable["name"] for variable in env_of(objects, "inventory")}


def test_the_database_is_for_the_roles_that_use_it_without_saying_so() -> None:
    """A shared Secret too is given only to the roles that read it."""
    objects = render("qa")

    assert "CODES_MONGO__URI" in secrets(objects, "expirer")
    assert "CODES_MONGO__URI" not in secrets(objects, "inventory")


def test_the_schema_knows_every_setting() -> None:
    """A new setting can be set by the chart at once; a secret one from a Secret alone."""
    known = schema()["properties"]

    assert VARIABLES.keys() - SECRET - OWN == set(known["settings"]["properties"])
    others = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", USER_NAME}
    assert (SECRET - OWN) | others == set(known["secretEnv"]["properties"])


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ('image={"tga": "1"}', "tga"),
        ('settings={"CODES_LOG__LEVLE": "INFO"}', "CODES_LOG__LEVLE"),
        ('settings={"CODES_MONGO__URI": "mongodb://a"}', "CODES_MONGO__URI"),
        ('roles.woker={"replicas": 1}', "woker"),
        ('roles.worker={"replica": 1}', "replica"),
        ('roles.worker.autoscaling={"kind": "kedda"}', "kind"),
        ('secretEnv={"CODES_MONGO__URI": {"secret": "codes"}}', "key"),
        ('podMonitr={"enabled": true}', "podMonitr"),
    ],
)
def test_a_misspelt_value_is_refused_by_its_name(value: str, named: str) -> None:
    """At every level."""
    assert named in refusal(value)


def test_every_value_is_in_the_readme_with_its_meaning() -> None:
    """The comment of values.yaml and the table's line are the same words."""
    readme = (CHART / "README.md").read_text()
    comments = re.findall(r"^ *(\w+):.*?  # (.+)$", (CHART / "values.yaml").read_text(), re.MULTILINE)

    assert [] == [f"{name}: {comment}" for name, comment in comments if f"` | {comment} |" not in readme]


def test_without_a_key_the_api_stays_on_loopback() -> None:
    """No Service leads there, and an Ingress is refused."""
    [host] = [
        variable["value"]
        for variable in env_of(render("dev"), "inventory")
        if variable["name"] == "CODES_INVENTORY__HOST"
    ]

    assert "127.0.0.1" == host
    assert "codes-api" not in of_kind(render("dev"), "Service")
    assert "CODES_INVENTORY__JWT_SECRET" in refusal('ingress={"enabled": true, "host": "codes.example"}')
