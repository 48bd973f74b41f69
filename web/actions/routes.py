"""The paths of actions, and whether the caller may use them.

Out: `Actions`, whose routes the application serves.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from aiohttp import web

from web.access import ACCESS, Access
from web.actions.campaigns import CampaignActions
from web.actions.files import FileActions
from web.actions.imports import ImportActions
from web.actions.letters import LetterActions
from web.actions.models import (
    ActionDone,
    Confirmation,
    Permissions,
    Preview,
    PreviewQuery,
    Replayed,
    ReplayRequest,
    Standing,
    UploadQuery,
)
from web.actions.performing import Acting, Performer
from web.actions.records import AuditRecordList, AuditRecordsQuery, RecordActions
from web.actions.rights import Rights
from web.auth import Denied, Guard
from web.openapi import Route, narrowing
from web.responses import NoAnswer, answered

FAILURES: Final[Mapping[str, str]] = {
    "400": "The body is invalid, or confirms something else.",
    "404": "There is no such import or campaign.",
    "409": "The state of the import or campaign does not allow it, or S3 or Kafka refuses it.",
    "501": "A setting is missing: the detail names it.",
    "503": "MongoDB, Kafka or S3 does not answer in time, or too many actions are running.",
}


class Actions:
    """Lives as long as the application."""

    def __init__(self, guard: Guard, acting: Acting) -> None:
        self._rights = Rights(guard, acting.settings.actions)
        self._settings = acting.settings
        performer = Performer(self._rights, acting)
        self._imports = ImportActions(performer)
        self._campaigns = CampaignActions(performer)
        self._files = FileActions(performer)
        self._letters = LetterActions(performer)
        self._records = RecordActions(performer)

    def routes(self) -> tuple[Route, ...]:
        """All of them."""
        return (
            *narrowing(
                Route("/api/v1/actions", self._permissions, "What the caller may do.", Permissions),
                Route(
                    "/api/v1/actions/records",
                    self._records.list,
                    "What people did, the latest first.",
                    AuditRecordList,
                    AuditRecordsQuery,
                    failures={name: FAILURES[name] for name in ("501", "503")},
                ),
            ),
            *self._of_imports(),
            *self._of_campaigns(),
            *self._of_files(),
            Route(
                "/api/v1/dead-letters/{reason}/replay",
                self._letters.replay,
                "Replay the dead letters of a reason, or count them.",
                Replayed,
                body=ReplayRequest,
                failures=FAILURES,
            ),
        )

    def _of_imports(self) -> tuple[Route, ...]:
        path = "/api/v1/imports/{import_id}/"
        cancel, retry = "Cancel an import; imported codes stay.", "Retry an import that has ended, under a new id."
        report = "Download the reject report of an import."
        return (
            Route(path + "cancel", self._imports.cancel, cancel, ActionDone, body=Confirmation, failures=FAILURES),
            Route(path + "retry", self._imports.retry, retry, ActionDone, body=Confirmation, failures=FAILURES),
            Route(
                path + "report",
                self._imports.report,
                report,
                None,
                body=Confirmation,
                failures=FAILURES,
                gives="text/csv",
            ),
        )

    def _of_campaigns(self) -> tuple[Route, ...]:
        path, campaigns = "/api/v1/campaigns/{campaign_id}/", self._campaigns
        close, reopen = "Close a campaign: it gives out no more codes.", "Reopen a closed campaign."
        return (
            Route(
                path + "standing",
                campaigns.standing,
                "Whether a campaign is closed.",
                Standing,
                failures={name: FAILURES[name] for name in ("400", "501", "503")},
            ),
            Route(path + "close", campaigns.close, close, ActionDone, body=Confirmation, failures=FAILURES),
            Route(path + "reopen", campaigns.reopen, reopen, ActionDone, body=Confirmation, failures=FAILURES),
        )

    def _of_files(self) -> tuple[Route, ...]:
        preview = "Read a file as an import would, and count; nothing is written."
        upload = "Upload the file of a preview, and import it."
        return (
            Route(
                "/api/v1/uploads/preview",
                self._files.preview,
                preview,
                Preview,
                PreviewQuery,
                takes_file=True,
                failures=FAILURES,
            ),
            Route(
                "/api/v1/uploads",
                self._files.upload,
                upload,
                ActionDone,
                UploadQuery,
                takes_file=True,
                failures=FAILURES,
            ),
        )

    async def _permissions(self, request: web.Request) -> web.StreamResponse:
        by, why_not, records = None, None, False
        try:
            actor = self._rights.actor(request)
            records = True
            require_whole(request[ACCESS])
            by = actor
        except (NoAnswer, Denied) as why:
            why_not = why.detail
        actions = self._settings.actions
        return answered(
            Permissions(
                may_act=by is not None,
                by=by,
                why_not=why_not,
                files=actions.s3 and bool(self._settings.s3.allowed_buckets),
                replays=actions.replay,
                records=records,
                upload_bytes_max=actions.upload_bytes_max,
            )
        )


def require_whole(access: Access) -> None:
    """Raises Denied for a token of single campaigns: every action needs one for all."""
    if not access.is_whole:
        raise Denied(HTTPStatus.FORBIDDEN, "to act, a token for all campaigns is needed")
