"""kcat, which the shell's examples need: the one that is installed.

Out: `LEFT_OUT`, `left_out`.
"""

import os
import shutil
from typing import Final

LEFT_OUT: Final = "left out: examples in the shell: no kcat on the PATH (apt-get install kcat)"


def left_out() -> bool:
    """Whether what needs it is left out: on a user's machine that lacks it. In CI it fails then."""
    return shutil.which("kcat") is None and not os.environ.get("CI")
