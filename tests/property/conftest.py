"""Fixtures of every state machine."""

from collections.abc import Iterator

import pytest
import stamina


@pytest.fixture(autouse=True)
def without_retry_logs() -> Iterator[None]:
    """A machine arranges thousands of retries; their logs would hide everything else."""
    stamina.instrumentation.set_on_retry_hooks([])
    yield
    stamina.instrumentation.set_on_retry_hooks(None)
