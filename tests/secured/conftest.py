"""What tests of logins may ask for: one broker with all its listeners, and one mongod with users, once per session.

Tests that need a mongod are left out where there is none, and that is said.
"""

from collections.abc import Iterator

import pytest

from tests.secured import mongod
from tests.secured.broker import Doors, a_secured_broker

WITH_MONGOD = ["test_mongo_logins.py", "test_rights.py"] if mongod.left_out() else []
collect_ignore = WITH_MONGOD


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what is left out at the end of the run, where it is read."""
    if WITH_MONGOD:
        terminalreporter.write_line(mongod.LEFT_OUT)


@pytest.fixture(scope="session")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """The broker. Its start costs more than any test here."""
    with a_secured_broker(tmp_path_factory.mktemp("secured")) as doors:
        yield doors


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[mongod.Database]:
    """The server."""
    with mongod.a_mongod(tmp_path_factory.mktemp("mongod")) as database:
        yield database
