"""What is left out where there is no Prometheus, and the one line that says so."""

import pytest

from tests.monitoring.tools import LEFT_OUT, left_out

collect_ignore = ["test_alerts.py", "test_real_prometheus.py"] if left_out() else []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what is left out at the end of the run, where it is read."""
    if left_out():
        terminalreporter.write_line(LEFT_OUT)
