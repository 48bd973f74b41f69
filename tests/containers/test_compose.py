"""docker-compose.yml read as a text: what must hold before anything is started. No Docker is needed."""

import re
from typing import Final

import pytest
import yaml

from devstack.classpath import KAFKA_VERSION
from ops.settings.load import VARIABLES, load_settings
from tests.containers.composed import COMPOSED, SERVICES, given, variables_of
from tests.places import ROOT

ROLES: Final = ("worker", "importer", "expirer", "inventory")
ERRANDS: Final = ("migrate", "mongo-init", "s3-init", "demo")
STAY: Final = tuple(sorted(SERVICES.keys() - set(ERRANDS)))
OURS: Final = (*ROLES, "migrate", "s3-init", "demo")


@pytest.mark.parametrize("name", OURS)
def test_its_settings_exist_and_fit_together(name: str) -> None:
    """A role would refuse a misspelt variable or a wrong value at its start."""
    ours = {key: value for key, value in variables_of(name).items() if key.startswith("CODES_")}

    assert ours.keys() <= VARIABLES.keys()
    load_settings(ours)


@pytest.mark.parametrize("name", STAY)
def test_what_stays_up_is_looked_after(name: str) -> None:
    """It has a health check, and is started again when it ends."""
    service = SERVICES[name]

    assert service["healthcheck"]["test"][0] == "CMD"
    assert "unless-stopped" == service["restart"]


@pytest.mark.parametrize("name", ERRANDS)
def test_a_one_off_job_runs_once(name: str) -> None:
    """It ends: it has no health check and no restart."""
    service = SERVICES[name]

    assert {"disable": True} == service["healthcheck"]
    assert "no" == service["restart"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_who_waits_for_another_says_for_what(name: str) -> None:
    """For its health if it stays, for its end if it is a one-off job; never for its mere start."""
    waits = {other: how["condition"] for other, how in SERVICES[name].get("depends_on", {}).items()}

    assert {
        other: "service_completed_successfully" if other in ERRANDS else "service_healthy" for other in waits
    } == waits


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_images_are_pinned(name: str) -> None:
    """By a version; `latest` would be another one tomorrow."""
    tag = given(SERVICES[name]["image"]).rpartition(":")[2]

    assert tag == "local" if name in OURS else re.fullmatch(r"v?\d+\.\d+(\.\d+)?", tag)


def test_the_broker_is_the_one_that_tests_run_on() -> None:
    """The local stack and the containers have the same Kafka."""
    assert f"apache/kafka:{KAFKA_VERSION}" == SERVICES["kafka"]["image"]


def test_the_brokers_data_is_that_of_its_version() -> None:
    """No Kafka can use what a newer one has formatted, and a change of the version may be one to an older one."""
    assert [f"kafka-{KAFKA_VERSION}:/var/lib/kafka/data"] == SERVICES["kafka"]["volumes"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_ports_are_for_this_machine_alone(name: str) -> None:
    """Nothing here asks for a password that is worth the name."""
    assert [] == [port for port in SERVICES[name].get("ports", []) if not port.startswith("127.0.0.1:")]


@pytest.mark.parametrize("name", OURS)
def test_our_containers_may_do_little(name: str) -> None:
    """No capability, no new one, nothing written but to /tmp; and time to stop."""
    service = SERVICES[name]

    assert (True, ["/tmp"], ["ALL"]) == (service["read_only"], service["tmpfs"], service["cap_drop"])  # noqa: S108  # a mount
    assert ["no-new-privileges:true"] == service["security_opt"]
    assert "35s" == service["stop_grace_period"]


def test_data_is_on_named_volumes() -> None:
    """All that are used are declared, so `docker compose down` keeps them."""
    mounts = [mount.partition(":")[0] for service in SERVICES.values() for mount in service.get("volumes", [])]
    named = {mount for mount in mounts if not mount.startswith(".")}

    assert COMPOSED["volumes"].keys() == named
    assert {f"kafka-{KAFKA_VERSION}", "mongo", "s3"} < named


def test_every_mounted_file_is_there() -> None:
    """Docker would make a folder of a file that is missing."""
    mounts = [mount.partition(":")[0] for service in SERVICES.values() for mount in service.get("volumes", [])]

    assert [] == [mount for mount in mounts if mount.startswith(".") and not (ROOT / mount).is_file()]


def test_prometheus_looks_at_every_role() -> None:
    """By the names and the port that the roles have."""
    scraped = yaml.safe_load((ROOT / "devstack/containers/prometheus.yml").read_text())["scrape_configs"]

    assert [(list(ROLES), 8080)] == [
        (found["names"], found["port"]) for job in scraped for found in job["dns_sd_configs"]
    ]


def test_grafana_has_the_dashboard_and_its_source() -> None:
    """Where the provider looks, the dashboard is mounted; the source is Prometheus of this file."""
    mounted = [mount.split(":")[1] for mount in SERVICES["grafana"]["volumes"]]
    [provider] = yaml.safe_load((ROOT / "devstack/containers/grafana/dashboards.yml").read_text())["providers"]
    [source] = yaml.safe_load((ROOT / "devstack/containers/grafana/datasource.yml").read_text())["datasources"]

    assert f"{provider['options']['path']}/dashboard.json" in mounted
    assert ("prometheus", "http://prometheus:9090", True) == (source["type"], source["url"], source["isDefault"])
