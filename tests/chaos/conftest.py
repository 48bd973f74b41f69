"""A storm kills and restarts nodes of the local stack; with containers it is left out, and that is said."""

import pytest

from tests.stacks import CONTAINERS, source

collect_ignore = ["test_storm.py"] if source() == CONTAINERS else []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what is left out at the end of the run, where it is read."""
    if collect_ignore:
        terminalreporter.write_line("left out: test_storm.py: it restarts nodes of the local stack")
