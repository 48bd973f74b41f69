"""What the simulation puts in the place of motor and pymongo.

Out: `replacements`, for `clocks.replaced`; `PACKAGES`, the libraries in which it must replace names.
"""

from collections.abc import Mapping
from typing import Any, Final

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import _csot

from tests.simulation.mongo.client import SimulatedMotorClient
from tests.simulation.mongo.limits import SimulatedTimeoutContext

PACKAGES: Final = ("pymongo",)
"""Besides the service's own."""


def replacements() -> Mapping[Any, Any]:
    """Original objects, and what stands for them."""
    return {AsyncIOMotorClient: SimulatedMotorClient, _csot._TimeoutContext: SimulatedTimeoutContext}
