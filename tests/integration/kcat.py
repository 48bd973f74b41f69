"""kcat, which the shell's examples need: the one that is installed.

Out: `LEFT_OUT`, `left_out`.
"""

import os
import shutil
from typing import Final

LEFT_OUT: Final = "left out: examples in the shell: no kcat on the PATH (apt-get install kcat)"


def left_out() -> bool:
    """Whether tests that need kcat are left out: on a user's machine without it. In CI they fail instead."""
    return shutil.which("kcat") is None and not os.environ.get("CI")
