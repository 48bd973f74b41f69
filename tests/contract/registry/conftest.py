"""Which schema registries the tests of this folder run on, and the line that says which one is left out."""

import os
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, nullcontext
from typing import Final
from uuid import uuid4

import pytest

from ops.registry.client import Registry, connected
from schemas.registry_settings import RegistrySettings
from tests.fakes.registry import FakeRegistry, serving

NAMED: Final = os.environ.get("CODES_TEST_REGISTRY_URL", "")
"""Of a real registry with Confluent's API. Subjects of the tests stay in it."""
LEFT_OUT: Final = "left out: a real schema registry: none is named in CODES_TEST_REGISTRY_URL"
REGISTRIES: Final = ("in memory", "named") if NAMED else ("in memory",)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what is left out at the end of the run, where it is read."""
    if not NAMED:
        terminalreporter.write_line(LEFT_OUT)


@pytest.fixture(params=REGISTRIES)
async def registry(request: pytest.FixtureRequest) -> AsyncIterator[Registry]:
    """Each of them."""
    with address_of(request.param) as url:
        async with connected(RegistrySettings(url=url)) as found:
            yield found


def address_of(name: str) -> AbstractContextManager[str]:
    return serving(FakeRegistry()) if name == "in memory" else nullcontext(NAMED)


@pytest.fixture
def subject_name() -> str:
    """A subject of this test alone."""
    return f"test-{uuid4().hex}-value"
