"""Which version of the service this is, for `--version`, metrics and client names."""

from importlib.metadata import PackageNotFoundError, version
from typing import Final

NOT_INSTALLED: Final = "0.0.0+source"


def service_version() -> str:
    """The installed version; `0.0.0+source` when run from a checkout that was never installed."""
    try:
        return version("code-service")
    except PackageNotFoundError:
        return NOT_INSTALLED
