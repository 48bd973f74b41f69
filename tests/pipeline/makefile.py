"""The Makefile: its targets, and what make would do or does for them.

Out: `targets`, `would_run` (the commands, not executed), `make` (executed, with this test's own packages).
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.places import ROOT

MAKEFILE: Final = ROOT / "Makefile"
HERE: Final = (f"BIN={Path(sys.executable).parent}", "READY=", "DEMO_READY=", "TOOLS=none")
"""The packages that run this test, in place of a virtual environment to be made; and no program of the pipeline."""
LIMIT_S: Final = 100
HELPED: Final = re.compile(r"^([a-z-]+):.*## (.+)$", re.MULTILINE)


def targets() -> dict[str, str]:
    """Every target that says what it does, with what it says."""
    return dict(HELPED.findall(MAKEFILE.read_text()))


OUTER: Final = frozenset({"MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "MAKELEVEL", "MARKS"})


def would_run(*targets_and_variables: str) -> str:
    """The commands of these targets."""
    done = make("-n", *targets_and_variables)
    assert 0 == done.returncode, done.stderr
    return done.stdout.replace("\\\n", "")


def make(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run make. The variables that an outer `make test` sets for its children do not apply to this run."""
    outer = {name: value for name, value in os.environ.items() if name not in OUTER}
    return subprocess.run(  # noqa: S603  # our Makefile
        ["/usr/bin/env", "make", "--no-print-directory", *HERE, *arguments],
        cwd=ROOT,
        env={**outer, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
