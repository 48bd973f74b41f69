"""Doing the next thing while the last one is used, and letting go of it when there is no more time for it.

Out: `prefetched`, which fetches each item while the one before it is used; `unless`, `unless_stopped`.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Coroutine
from typing import Any, Final, TypeVar

from schemas.errors import CodeServiceError

END: Final = object()

T = TypeVar("T")


class Stopped(CodeServiceError):
    """The partition is being let go of. What is written stays; its next owner goes on from there."""


async def prefetched(source: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """The same items, each fetched while the one before it is used. What ends the source ends this in its place.

    Close it when done: it closes the source, which may have given an item that nobody took.
    """

    async def fetch() -> T | object:
        return await anext(source, END)

    task = asyncio.create_task(fetch())
    try:
        while (item := await task) is not END:
            task = asyncio.create_task(fetch())
            yield item  # type: ignore[misc]  # only the end is no T
    finally:
        await let_go(task)
        await source.aclose()


async def unless_stopped(work: Awaitable[T], stopping: asyncio.Event) -> T:
    """What the work gives, if that comes before `stopping` is set.

    Raises:
        Stopped: the work was cancelled.
    """
    return await unless(work, stopping.wait())


async def unless(work: Awaitable[T], *limits: Coroutine[Any, Any, Any]) -> T:
    """What the work gives, if that comes before one of `limits` returns.

    The work may take its time to end when it is cancelled, as a transaction does: it is awaited.

    Raises:
        Stopped: the work was cancelled.
    """
    task = asyncio.ensure_future(work)
    ends = [asyncio.create_task(limit) for limit in limits]
    try:
        await asyncio.wait((task, *ends), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Stopped("the work was cancelled at its limit")
        return task.result()
    finally:
        await let_go(task, *ends)


async def let_go(*tasks: "asyncio.Future[Any]") -> None:
    """Cancel what is not done, and see it end."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
