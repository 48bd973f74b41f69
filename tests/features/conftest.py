"""What features may ask for: one set of running roles for all of them, and a campaign for each scenario.

Out: `service`, `campaign`, and the steps.
"""

from collections.abc import Iterator

import pytest

import devstack
from ops.settings.load import Settings, load_settings
from tests.conftest import a_migrated, fresh_environment
from tests.features.campaign import Campaign
from tests.features.service import Service, a_service

STEPS = ("tests.features.asking", "tests.features.given_codes", "tests.features.holding")


def pytest_configure(config: pytest.Config) -> None:
    """Steps are fixtures: a module of them is a plugin, which only the topmost conftest may name as one."""
    for steps in STEPS:
        config.pluginmanager.import_plugin(steps)


@pytest.fixture(scope="module")
def environment(stack: devstack.Stack) -> dict[str, str]:
    return fresh_environment(stack)


@pytest.fixture(scope="module")
def migrated(environment: dict[str, str]) -> Iterator[Settings]:
    yield from a_migrated(load_settings(environment))


@pytest.fixture(scope="module")
def service(
    environment: dict[str, str], migrated: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    with a_service(environment, migrated, tmp_path_factory.mktemp("features")) as service:
        yield service


@pytest.fixture
def campaign(service: Service) -> Campaign:
    return Campaign(service)
