"""A subject of a schema registry: a name, the schema of this version, and how later versions may differ.

Out: `Subject`, `Level`.
"""

from dataclasses import dataclass
from typing import Literal

Level = Literal["BACKWARD", "FORWARD"]
"""Which readers keep reading: those of the new schema (BACKWARD), or those of the one before (FORWARD)."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One topic's values, under the topic name strategy."""

    name: str
    schema: str
    """The JSON Schema as text: equal schemas have equal text."""
    level: Level
