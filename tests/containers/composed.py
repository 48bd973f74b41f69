"""docker-compose.yml with the defaults of all its variables.

Out: `COMPOSED`, `SERVICES`, `given`.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import yaml

from tests.places import ROOT

COMPOSED: Final[Mapping[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: Final[Mapping[str, Any]] = COMPOSED["services"]
VARIABLE: Final = re.compile(r"\$\{\w+:-([^}]*)\}")


def given(text: str) -> str:
    """A text with each variable's default in its place."""
    return VARIABLE.sub(r"\1", text)


def variables_of(service: str) -> dict[str, str]:
    """What a service finds in its environment."""
    return {name: given(value) for name, value in SERVICES[service].get("environment", {}).items()}
