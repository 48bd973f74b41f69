"""Bodies and responses of actions in the HTTP API.

Out: one frozen model per body or response.
"""

from typing import Annotated

from pydantic import ConfigDict, Field

from schemas.base import ID_PATTERN, CodeType, Id, Instant
from web.models import Answer
from web.queries import Query


class Confirmation(Answer):
    """The body of an action."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    confirm: Annotated[str, Field(min_length=1, max_length=128)]
    """The id, or the reason, that the path names: once more, so that no action meets another thing by mistake."""


class ReplayRequest(Confirmation):
    """Which dead letters are replayed is in the path."""

    send: bool = False
    """Send them; otherwise they are only counted."""


class Permissions(Answer):
    """What the caller may do here."""

    may_act: bool
    by: str | None
    """The caller's name in audit records; null if the caller may not act."""
    why_not: str | None
    """Why nothing is possible; null if something is."""
    files: bool
    """Whether files can be uploaded and reject reports downloaded."""
    replays: bool
    """Whether dead letters can be replayed."""
    records: bool
    """Whether the caller may list what people did: a token of single campaigns may, for these, although it may not
    act."""
    upload_bytes_max: int


class ActionDone(Answer):
    """An action that is done, and recorded."""

    action: str
    subject: str
    """The import, campaign or reason that it was about."""
    outcome: str
    """What came of it, in a sentence."""
    by: str
    at: Instant
    audit_id: str
    """`_id` of the record in the collection `audit_records`."""
    import_id: Id | None = None
    """The import that was sent, if the action sends one."""


class Standing(Answer):
    """Whether a campaign gives out codes."""

    campaign_id: Id
    state: str
    """`open`, `closed`, `archived`, `purged`, or that one of these has begun; `unknown`: MongoDB has no such
    campaign."""
    closed_at: Instant | None
    closed_by: str | None


class Replayed(Answer):
    """Dead letters of a reason, replayed or only counted."""

    reason: str
    selected: int
    would_send: int
    """If they are only counted."""
    sent: int
    already_replayed: int
    left_out: int
    """Those that the service would reject again."""
    audit_id: str | None
    """Null if they are only counted."""


class PreviewQuery(Query):
    """What a file is meant for."""

    campaign_id: Annotated[str, Field(pattern=ID_PATTERN)]
    code_type: CodeType = "tm"
    """Of rows without a type of their own."""
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._ ()-]{0,99}$")]
    """Name of the file; with `.gz`, it is compressed."""


class UploadQuery(PreviewQuery):
    """The same file again, to be imported."""

    confirm: Annotated[str, Field(min_length=1, max_length=128)]
    """The campaign's id once more."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """As the preview answered it: only the file that was looked at is imported."""


class RejectedRow(Answer):
    line: int
    reason: str


class Preview(Answer):
    """What an import of a file would do. Codes that the campaign already has are not known here."""

    sha256: str
    size_bytes: int
    rows_read: int
    codes: int
    """Different codes; those that the campaign already has will count as duplicates."""
    duplicates_in_file: int
    rejected: int
    rejects: dict[str, int]
    """Rejected rows by reason."""
    lines: list[RejectedRow]
    """The first rejected rows."""
    reason: str | None
    """Why the import would fail; null if it would complete."""
    remedy: str | None
