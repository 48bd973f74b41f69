"""The packages of the extra `devstack`, which only the local stack needs.

In:       the name of a package.
Out:      nothing, or an error that says what to install.
"""

import importlib.util

from devstack.errors import PartMissingError

EXTRA = 'pip install "code-service[devstack]"'


def require(package: str, *, why: str) -> None:
    """Check that a package of the extra is installed, without importing it.

    Raises:
        PartMissingError: it is not.
    """
    if importlib.util.find_spec(package) is None:
        raise PartMissingError(f"{why} needs the package {package}: {EXTRA}")
