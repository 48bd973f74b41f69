"""The latest dead letters of a reason over HTTP, from the memory of the view.

In:       a reason, a limit; what the viewer may see.
Out:      `DeadLetterList`: where each record was, what is wrong with it, and the commands that show and replay it.
Promise:  no key, no value and no header of the sender. A dead letter of an unknown campaign is listed only for
          whoever sees all campaigns.
"""

from http import HTTPStatus
from itertools import islice
from typing import Final

from aiohttp import web

from consumers.inventory.view import InventoryView
from handlers.inventory.letters import Kept
from ops.letters.letter import letter_of
from schemas.topics import Topics
from web.access import ACCESS, Access
from web.models import DeadLetter, DeadLetterList
from web.openapi import Route, narrowing
from web.queries import LettersQuery, asked
from web.responses import NoAnswer, answered

COMMAND: Final = "codes dead-letters {verb} {address}"


class Letters:
    """The route, on the view of one process."""

    def __init__(self, view: InventoryView, topics: Topics) -> None:
        self._view = view
        self._topics = topics

    def routes(self) -> tuple[Route, ...]:
        """The path."""
        return narrowing(
            Route(
                "/api/dead-letters/{reason}",
                self._list,
                "The latest dead letters of a reason.",
                DeadLetterList,
                LettersQuery,
                absent="There is no such reason.",
            )
        )

    async def _list(self, request: web.Request) -> web.StreamResponse:
        reason, limit, access = request.match_info["reason"], asked(request, LettersQuery).limit, request[ACCESS]
        latest = self._view.dead_letters.latest(reason)
        if latest is None:
            raise NoAnswer(HTTPStatus.NOT_FOUND, "not_found", "there is no such reason")
        seen = (kept for kept in latest if access.sees(kept.campaign_id))
        items = [self._item(kept, access) for kept in islice(seen, limit)]
        return answered(DeadLetterList(reason=reason, items=items))

    def _item(self, kept: Kept, access: Access) -> DeadLetter:
        letter = letter_of(kept.record)
        origin, address = letter.origin, str(letter.address)
        return DeadLetter(
            address=address,
            campaign_id=self._known(kept.campaign_id, access),
            topic=None if origin is None else self._topics.bare(origin.topic),
            partition=None if origin is None else origin.partition,
            offset=None if origin is None else origin.offset,
            at=letter.record.at,
            fields="" if origin is None else letter.fields,
            detail="" if origin is None else letter.detail,
            replayed=self._view.dead_letters.was_replayed(letter.identity(self._topics)),
            show=COMMAND.format(verb="show", address=address),
            replay=COMMAND.format(verb="replay", address=address),
        )

    def _known(self, campaign_id: str | None, access: Access) -> str | None:
        """The record says the campaign, and may say anything: only the id of a campaign is repeated."""
        is_known = not access.is_whole or (campaign_id is not None and self._view.stock(campaign_id) is not None)
        return campaign_id if is_known else None
