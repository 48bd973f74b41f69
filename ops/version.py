"""Which version of the service this is, for `--version`, metrics and client names."""

import os
from importlib.metadata import PackageNotFoundError, version
from typing import Final

NOT_INSTALLED: Final = "0.0.0+source"
REVISION_VARIABLE: Final = "IMAGE_REVISION"
"""Set by the image, not by whoever runs it: no setting."""
UNKNOWN: Final = "unknown"


def service_version() -> str:
    """The installed version; `0.0.0+source` when run from a checkout that was never installed."""
    try:
        return version("code-service")
    except PackageNotFoundError:
        return NOT_INSTALLED


def service_revision() -> str:
    """The commit that the image was made of; `unknown` outside of an image."""
    return os.environ.get(REVISION_VARIABLE) or UNKNOWN
