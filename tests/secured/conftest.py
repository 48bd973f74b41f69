"""What tests of logins may ask for: one broker with all its listeners, once per session."""

from collections.abc import Iterator

import pytest

from tests.secured.broker import Doors, a_secured_broker


@pytest.fixture(scope="session")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """The broker. Its start costs more than any test here."""
    with a_secured_broker(tmp_path_factory.mktemp("secured")) as doors:
        yield doors
