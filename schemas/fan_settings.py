"""The settings of `codes fans`, which no role reads.

Out: `FanSettings`; a variable of a field is `CODES_FANS__<FIELD>`.
"""

from typing import Annotated

from pydantic import Field, SecretStr

from schemas.settings import Group


class FanSettings(Group):
    """`codes fans`: what is done with the data of single fans."""

    audit_key: Annotated[SecretStr, Field(min_length=32)] | None = None
    """`codes fans erase` only: key of the hashes of erased fans in the audit records; at least 32 characters."""
