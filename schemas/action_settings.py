"""The settings of actions in the inventory's API and on its page.

Out: `ActionSettings`; a variable of a field is `CODES_ACTIONS__<FIELD>`.
"""

from typing import Annotated

from pydantic import Field, SecretStr

from schemas.request_settings import ClaimName
from schemas.settings import Group


class ActionSettings(Group):
    """Actions on the page of `codes inventory`: who may act, and on what. By default nobody."""

    claim: ClaimName | None = None
    """Name that lets a token act: a claim of this name that is `true`, or this word in the claims `scope` or `roles`,
    besides the claim of `CODES_INVENTORY__JWT_CLAIM`. Default: nobody acts."""
    without_token: bool = False
    """Whether everybody may act where the API needs no token, which is possible only on loopback."""
    uri: SecretStr | None = None
    """Connection string of a MongoDB user with the rights of `operator`; each action is recorded there. Default: no
    actions."""
    origin: Annotated[str, Field(pattern=r"^https?://[^/\s]+$")] | None = None
    """Origin of the page, such as `https://codes.example`; needed if a proxy changes the header `Host`."""
    s3: bool = False
    """Whether files can be uploaded (to the first of `CODES_S3__ALLOWED_BUCKETS`) and reject reports downloaded; the
    inventory then needs credentials for S3."""
    replay: bool = False
    """Whether dead letters can be replayed; the inventory then needs the rights of `replayer` in Kafka."""
    upload_bytes_max: Annotated[int, Field(ge=1_024, le=256 * 1024 * 1024)] = 16 * 1024 * 1024
    """Maximum size of a file that is uploaded, and of its text if it is compressed, in bytes. Both are in memory."""
