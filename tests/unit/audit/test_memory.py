"""What must hold: an audit's memory has a bound, whatever the size of the deployment."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

SCRIPT: Final = Path(__file__).with_name("generated.py")
RECORDS: Final = 1_000_000
RSS_MB_MAX: Final = 450
"""The cache of the tables (192 MiB), what the search for codes keeps, the interpreter and its modules."""


@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_a_million_records_fit_into_the_bound(tmp_path: Path) -> None:
    """In a process of its own, whose highest resident size counts; ten million are an argument of the script."""
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd()), "TMPDIR": str(tmp_path)}
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, str(SCRIPT), str(RECORDS)], env=environment, capture_output=True, check=True
    )

    measured = json.loads(done.stdout)

    assert RECORDS == measured["records"]
    assert measured["rss_mb"] < RSS_MB_MAX, measured
