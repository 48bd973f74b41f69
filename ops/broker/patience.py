"""Waiting for a part that does not answer, where a person looks on.

In:       where to say it, and after how long without the part to give up.
Out:      one line when the part is unavailable, one when it is back; `Unanswered` when the time is over.
Promise:  says so within `SAY_AFTER_S`, also while a question is still open; waits without a client, so that nothing
          works meanwhile; a part that is back is used again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import ClassVar, Final

from schemas.errors import CodeServiceError

SAY_AFTER_S: Final = 1.5
"""Without an answer. A slow broker answers within that; a person does not wait longer for a word."""
QUESTION_S_MIN: Final = 10.0
"""For the first question that a part does not answer, however soon to give up: to connect takes a while."""
PAUSE_S: Final = 1.0
PAUSE_S_MAX: Final = 5.0

Say = Callable[[str], None]


class Unanswered(CodeServiceError):
    """Given up after `--timeout-s`. Look whether it runs, and at the settings that say where."""

    retriable: ClassVar[bool] = True


class Patience:
    """Lives as long as its command."""

    def __init__(self, part: str, say: Say, give_up_after_s: float | None = None) -> None:
        """`part` is the part with its address: `Kafka is unavailable at HOST:PORT` begins with it."""
        self._part = part
        self._say = say
        self._give_up_after_s = give_up_after_s
        self._since: float | None = None
        self._is_said = False
        self._pauses = 0

    @asynccontextmanager
    async def asked(self) -> AsyncIterator[None]:
        """Enclose a question: its answer ends the wait.

        Raises:
            Unanswered: the part was unavailable for too long.
        """
        began = monotonic()
        timer = asyncio.get_running_loop().call_later(SAY_AFTER_S, self._missed, began, "no answer")
        try:
            async with asyncio.timeout(self._open_s(began)) as limit:
                yield
        except TimeoutError:
            if limit.expired():
                raise self._given_up() from None
            raise
        finally:
            timer.cancel()
        self._answered()

    async def pause(self, why: CodeServiceError) -> None:
        """After a failure: say it, and wait a moment.

        Raises:
            Unanswered: the part was unavailable for too long.
        """
        self._missed(monotonic(), reason_of(why))
        wait_s = min(PAUSE_S * 2**self._pauses, PAUSE_S_MAX)
        self._pauses += 1
        left_s = self._left_s(monotonic())
        await asyncio.sleep(wait_s if left_s is None else min(wait_s, max(left_s, 0)))
        if left_s is not None and left_s <= wait_s:
            raise self._given_up()

    @property
    def is_unavailable(self) -> bool:
        """Whether the part is missed now."""
        return self._since is not None

    def _missed(self, since: float, reason: str) -> None:
        self._since = since if self._since is None else self._since
        if not self._is_said:
            self._is_said = True
            self._say(f"{self._part} ({reason}), waiting; Ctrl-C ends")

    def _answered(self) -> None:
        if self._is_said:
            self._say("it answers again")
        self._since, self._is_said, self._pauses = None, False, 0

    def _left_s(self, now: float) -> float | None:
        if self._give_up_after_s is None:
            return None
        since = now if self._since is None else self._since
        return since + self._give_up_after_s - now

    def _open_s(self, now: float) -> float | None:
        left_s = self._left_s(now)
        return left_s if left_s is None or self._since is not None else max(left_s, QUESTION_S_MIN)

    def _given_up(self) -> Unanswered:
        return Unanswered(f"{self._part}, for {self._give_up_after_s:g} s")


def kafka_patience(servers: str, say: Say, give_up_after_s: float | None = None) -> Patience:
    """Patience with the brokers at these addresses."""
    return Patience(f"Kafka is unavailable at {servers}", say, give_up_after_s)


def reason_of(why: CodeServiceError) -> str:
    """What was said last, without what stands in the line anyway."""
    return " ".join(str(why).split()).rpartition(": ")[2] or type(why).__name__
