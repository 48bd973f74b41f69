"""The settings of the service level objective for answers.

Out: `ObjectiveSettings`; a variable of a field is `CODES_OBJECTIVE__<FIELD>`.
"""

from typing import Annotated

from pydantic import Field

from schemas.settings import Group


class ObjectiveSettings(Group):
    """Which share of requests must be answered how fast. Workers report it; alert rules and dashboard follow."""

    answer_within_s: Annotated[float, Field(ge=0.01, le=3_600)] = 2.0
    """Seconds from the request's timestamp until its answer can be read."""
    answer_percent: Annotated[float, Field(ge=50, le=99.999)] = 99.9
    """Percentage of the requests that must be answered within that time, over 30 days."""
