"""The environment of the roles: settings that exist, no secret, and no value that nobody reads."""

import json
import re
from typing import Any, Final

import pytest

from ops.settings.load import VARIABLES, load_settings
from tests.helm.tools import CHART, ENVIRONMENTS, Object, container, of_kind, refusal, render

OWN: Final = {
    "CODES_FAILPOINT",
    "CODES_INVENTORY__HOST",
    "CODES_INVENTORY__PORT",
    "CODES_INVENTORY__TOKEN",
    "CODES_KAFKA__GROUP_INSTANCE_ID",
    "CODES_OPS__HOST",
    "CODES_OPS__PORT",
}
"""The chart sets them itself, or no role reads them."""
SECRET: Final = {name for name, variable in VARIABLES.items() if variable.secret} | {"CODES_KAFKA__SASL_USERNAME"}


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


def secrets(objects: tuple[Object, ...], role: str) -> set[str]:
    """Variables that a role has from Secrets."""
    return {variable["name"] for variable in env_of(objects, role) if "secretKeyRef" in variable.get("valueFrom", {})}


@pytest.mark.parametrize("role", ["worker", "importer", "expirer", "inventory", "migrate"])
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_process_takes_its_settings(environment: str, role: str) -> None:
    """Names, ranges and what must go together, as it loads them; what comes from elsewhere is made up."""
    found = env_of(render(environment), role)
    own = {
        variable["name"]: variable.get("value", "x" * 32)
        for variable in found
        if variable["name"].startswith("CODES_")
    }

    loaded = load_settings(config(environment) | own)

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


def test_the_schema_knows_every_setting() -> None:
    """A new setting can be set by the chart at once; a secret one from a Secret alone."""
    known = schema()["properties"]

    assert VARIABLES.keys() - SECRET - OWN == set(known["settings"]["properties"])
    aws = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    assert (SECRET - OWN) | aws == set(known["secretEnv"]["properties"])


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
