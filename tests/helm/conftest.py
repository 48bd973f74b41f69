"""What is left out where there is no Helm, and the one line that says so."""

import pytest

from tests.helm.tools import LEFT_OUT, left_out
from tests.monitoring import tools as prometheus

collect_ignore = ["test_rendered_rules.py"] if prometheus.left_out() else []
collect_ignore_glob = ["test_rendered_*.py"] if left_out() else []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what is left out at the end of the run, where it is read."""
    if left_out():
        terminalreporter.write_line(LEFT_OUT)
