"""The end of a role whose login is refused.

In:       the work of a role, and the door of its Kafka login.
Out:      `until_refused`: the work, or one error that the command line prints as one line.
"""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any, Final

from ops.broker.door import Door
from schemas.errors import AccessRefused

CANCEL_S: Final = 5.0
"""For the work to end after a refusal: its clients wait for connections that they will not get."""


async def until_refused(work: Coroutine[Any, Any, None], door: Door | None) -> None:
    """Do the work until it ends.

    Raises:
        AccessRefused: a server refuses the login, at the start or for longer than the patience of the settings.
    """
    if door is None:
        await ended(work)
        return
    task, shut = asyncio.create_task(work), asyncio.create_task(door.until_shut())
    try:
        await asyncio.wait({task, shut}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise shut.result()
        await ended(task)
    finally:
        shut.cancel()
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_S)


async def ended(work: Awaitable[None]) -> None:
    """Wait for the end of the work.

    Raises:
        AccessRefused: also if it is one of several errors, as the tasks of a group raise them.
    """
    try:
        await work
    except BaseExceptionGroup as failures:
        refused = refusal_in(failures)
        if refused is None:
            raise
        raise refused from None


def refusal_in(failure: BaseException) -> AccessRefused | None:
    """The refusal in a group of errors."""
    if isinstance(failure, AccessRefused):
        return failure
    if not isinstance(failure, BaseExceptionGroup):
        return None
    return next((found for inner in failure.exceptions if (found := refusal_in(inner))), None)
