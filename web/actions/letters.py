"""Replays the dead letters of a reason, or counts what a replay would send.

In:       a request of an actor, a reason.
Out:      `Replayed`.
Promise:  that of `codes dead-letters replay`: no record is sent twice, and none that would be rejected again.
"""

import re
from typing import Final

from aiohttp import web

from ops.broker.patience import kafka_patience
from ops.letters.choice import Choice
from ops.letters.edits import Edits
from ops.letters.replaying import Replay, judge_of
from stores.mongo.collections import Collections
from web.actions.asking import confirmed
from web.actions.models import Replayed, ReplayRequest
from web.actions.performing import Done, Intent, Performer
from web.actions.rights import NO_REPLAY
from web.queries import InvalidQuery
from web.responses import answered

REASON: Final = re.compile(r"[a-z_]{1,64}")
KAFKA_S_MAX: Final = 20.0
"""Without an answer for so long, a replay ends."""


class LetterActions:
    """Handlers; they live as long as the application."""

    def __init__(self, performer: Performer) -> None:
        self._performer = performer

    async def replay(self, request: web.Request) -> web.StreamResponse:
        by, reason = self._performer.rights.actor(request), request.match_info["reason"]
        self._performer.rights.needs(self._performer.settings.actions.replay, NO_REPLAY)
        if REASON.fullmatch(reason) is None:
            raise InvalidQuery("reason: dead letters have no such reason")
        wanted = await confirmed(request, ReplayRequest, reason)
        replay = self._replay_of(reason)
        if not wanted.send:
            async with self._performer.database():
                await replay.dry_run()
            return answered(replayed(reason, replay, None))
        intent = Intent(by, "replay_dead_letters", reason)

        async def work(_collections: Collections) -> Done:
            await replay.send()
            return Done(f"{replay.tally.sent:,} records were sent again", {"records": replay.tally.sent})

        await self._performer.perform(intent, work)
        return answered(replayed(reason, replay, intent.audit_id))

    def _replay_of(self, reason: str) -> Replay:
        settings = self._performer.settings
        patience = kafka_patience(settings.kafka.bootstrap_servers, lambda _: None, KAFKA_S_MAX)
        choice = Choice(reasons=frozenset({reason}), waiting=True)
        return Replay(settings, choice, judge_of(settings, Edits()), patience, lambda _: None)


def replayed(reason: str, replay: Replay, audit_id: str | None) -> Replayed:
    tally = replay.tally
    return Replayed(
        reason=reason,
        selected=tally.selected,
        would_send=tally.would_send,
        sent=tally.sent,
        already_replayed=tally.already_replayed,
        left_out=tally.left_out,
        audit_id=audit_id,
    )
