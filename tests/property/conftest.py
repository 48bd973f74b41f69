"""What every machine needs."""

from collections.abc import Iterator

import pytest
import stamina


@pytest.fixture(autouse=True)
def no_word_of_retries() -> Iterator[None]:
    """A machine arranges thousands of them; nobody wants to read that."""
    stamina.instrumentation.set_on_retry_hooks([])
    yield
    stamina.instrumentation.set_on_retry_hooks(None)
