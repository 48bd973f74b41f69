"""Prometheus and its tool: those that are installed, never ones that are fetched.

Out: `tool`, `left_out`.
"""

import os
import shutil
from typing import Final

TOOLS: Final = ("prometheus", "promtool")
LEFT_OUT: Final = "left out: alerts and dashboard on a real Prometheus: none on the PATH (apt-get install prometheus)"


def tool(name: str) -> str:
    """The path of a program."""
    path = shutil.which(name)
    assert path is not None, LEFT_OUT
    return path


def left_out() -> bool:
    """Whether what needs them is left out: on a user's machine that lacks them. In CI it fails then."""
    return not all(map(shutil.which, TOOLS)) and not os.environ.get("CI")
