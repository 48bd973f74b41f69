"""Runs the demo on an existing deployment, with its topics, database and roles.

In:       the deployment's settings, the size of the demo, and a screen for its progress.
Out:      `Outcome`.
Promise:  nothing is started, stopped or removed. A deployment that holds codes of an earlier demo is refused before
          anything is sent: the ids would repeat, and get the earlier answers.
"""

import asyncio
import os
from typing import Final

from audit.audit import audit
from audit.history import History
from audit.reading import Limits, read_history
from cli.demo.requests import SPRING, VIP
from cli.demo.run import Outcome, listening
from cli.demo.screen import Screen
from cli.demo.traffic import Size, Traffic
from cli.demo.watching import Received
from cli.interrupts import run
from ops.settings.load import Settings, load_settings
from schemas.errors import CodeServiceError
from schemas.topics import Topics
from stores.mongo.collections import open_collections
from stores.mongo.lookups import Lookups

LOOKS_MAX: Final = 15
LOOK_EVERY_S: Final = 1.0
"""The last offsets are committed shortly after the last answer, and the audit needs them to judge everything."""


class DemoHeldAlready(CodeServiceError):
    """The deployment holds data of an earlier demo. Use another database and topic prefix, or delete the data."""


def run_on_running(size: Size, screen: Screen) -> Outcome:
    """Run the demo on the deployment that the environment names, and audit it. All data stays.

    Raises:
        DemoHeldAlready: nothing was sent.
        KeyboardInterrupt: the demo was interrupted; requests that were already sent are still processed.
    """
    with screen.shown():
        return run(play_on(load_settings(), size, screen))


async def play_on(settings: Settings, size: Size, screen: Screen) -> Outcome:
    """Run the traffic, wait until all of it is committed, audit."""
    await check_empty(settings)
    received = Received(Topics(settings.topics.prefix))
    async with listening(settings, received):
        traffic = Traffic(settings, size, received, screen, nothing_to_check, bucket_of(settings))
        await traffic.run()
        reports = await traffic.reject_reports()
    step = screen.step("audit")
    report = audit(await settled_history(settings, reports))
    step.done()
    return Outcome(report, received, tuple(traffic.missing), screen.seconds, dict(os.environ))


async def check_empty(settings: Settings) -> None:
    """Raises DemoHeldAlready if one of the demo's campaigns exists."""
    async with open_collections(settings.mongo) as collections:
        lookups = Lookups(collections)
        if await lookups.shards(SPRING) or await lookups.shards(VIP):
            raise DemoHeldAlready(f"database {settings.mongo.database} has the campaign {SPRING} or {VIP}")


async def settled_history(settings: Settings, texts: dict[str, str]) -> History:
    """The history once everything is committed, or after the last of `LOOKS_MAX` reads."""
    for _ in range(LOOKS_MAX):
        history = await read_history(settings, limits=Limits(), texts=texts)
        if history.is_quiet:
            break
        await asyncio.sleep(LOOK_EVERY_S)
    return history


def bucket_of(settings: Settings) -> str:
    """A bucket that import commands may name."""
    return next(iter(settings.s3.allowed_buckets), settings.mongo.database)


def nothing_to_check() -> None:
    """The roles are not processes of the demo: if one ends, only missing answers show it."""
