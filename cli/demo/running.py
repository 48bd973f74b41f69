"""The demo on a deployment that runs already: its topics, its database, its roles.

In:       the settings that lead there; how much of everything; where to show it.
Out:      `Outcome`.
Promise:  nothing is started, stopped or removed. A deployment that holds a demo's codes is refused before anything
          is sent: the demo's ids would be old ones, and its answers old answers.
"""

import asyncio
import os
from typing import Final

from audit.audit import audit
from audit.history import History
from audit.reading import Limits, read_history
from cli.demo.asks import SPRING, VIP
from cli.demo.run import Outcome, listening
from cli.demo.screen import Screen
from cli.demo.traffic import Size, Traffic
from cli.demo.watching import Heard
from ops.settings.load import Settings, load_settings
from schemas.errors import CodeServiceError
from schemas.topics import Topics
from stores.mongo.collections import open_collections
from stores.mongo.lookups import Lookups

LOOKS_MAX: Final = 15
LOOK_EVERY_S: Final = 1.0
"""The last offsets are committed a moment after the last answer; an audit judges all only when they are."""


class DemoHeldAlready(CodeServiceError):
    """A demo has played there. Play on an empty deployment: another database and topic prefix, or wiped data."""


def run_on_running(size: Size, screen: Screen) -> Outcome:
    """Play with the deployment that the environment leads to, and audit it. Everything stays there.

    Raises:
        DemoHeldAlready: nothing was sent.
        KeyboardInterrupt: somebody ended the demo; what was sent is served all the same.
    """
    with screen.shown():
        return asyncio.run(played_there(load_settings(), size, screen))


async def played_there(settings: Settings, size: Size, screen: Screen) -> Outcome:
    """Let the traffic run, wait until all of it is committed, audit."""
    await check_empty(settings)
    heard = Heard(Topics(settings.topics.prefix))
    async with listening(settings, heard):
        traffic = Traffic(settings, size, heard, screen, nothing_to_check, bucket_of(settings))
        await traffic.run()
        reports = await traffic.reject_reports()
    step = screen.step("the audit")
    report = audit(await quiet_history(settings, reports))
    step.done()
    return Outcome(report, heard, tuple(traffic.missing), screen.seconds, dict(os.environ))


async def check_empty(settings: Settings) -> None:
    """Raises DemoHeldAlready if there is one of the demo's campaigns."""
    async with open_collections(settings.mongo) as collections:
        lookups = Lookups(collections)
        if await lookups.shards(SPRING) or await lookups.shards(VIP):
            raise DemoHeldAlready(f"database {settings.mongo.database} has the campaign {SPRING} or {VIP}")


async def quiet_history(settings: Settings, texts: dict[str, str]) -> History:
    """What there is once everything is committed, or after a last look."""
    for _ in range(LOOKS_MAX):
        history = await read_history(settings, limits=Limits(), texts=texts)
        if history.is_quiet:
            break
        await asyncio.sleep(LOOK_EVERY_S)
    return history


def bucket_of(settings: Settings) -> str:
    """One that import commands may name."""
    return next(iter(settings.s3.allowed_buckets), settings.mongo.database)


def nothing_to_check() -> None:
    """The roles are somebody else's: what ends there is not seen here, only what does not come."""
