"""A simulated process: the tasks that share its fate, and its clocks.

In:   tasks started in its context; `PROCESS` is set there, and every task, timer and callback inherits it.
Out:  whether a step of it may run now; what its clocks show.
"""

import asyncio
from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass, field
from typing import Any, Literal

PROCESS: ContextVar["Process | None"] = ContextVar("PROCESS", default=None)
"""Whose step runs. None: a server's, or the simulation's own."""

State = Literal["running", "frozen", "dead"]


@dataclass(eq=False, slots=True)
class Process:
    """Lives until it ends by itself or is killed."""

    name: str
    wall_offset_s: float = 0.0
    """How far its wall clock is ahead of true time; a step changes it."""
    state: State = "running"
    held: list[asyncio.Handle] = field(default_factory=list)
    """What became ready while it was frozen."""
    steps_to_live: int | None = None
    """SIGKILL before this many more steps; None: it is not to be killed."""
    steps: int = 0
    bury: "Callable[[Process], None] | None" = None
    """Called at its death."""
    buried: list[object] = field(default_factory=list)
    """Its tasks when it died: the garbage collector would close them, and so run what SIGKILL does not allow."""
    context: Context = field(init=False)

    def __post_init__(self) -> None:
        self.context = copy_context()
        self.context.run(PROCESS.set, self)

    def takes(self, handle: Any) -> bool:
        """Whether the step may run; a frozen process keeps it for later, a dead one forgets it."""
        if self.state == "running" and self.steps_to_live is None:
            self.steps += 1
            return True
        if self.steps_to_live is not None:
            self.steps_to_live -= 1
            if self.steps_to_live < 0:
                self.kill()
        if self.state == "frozen":
            self.held.append(handle)
            return False
        self.steps += 1
        return self.state == "running"

    def kill(self) -> None:
        """SIGKILL: nothing of it runs any more. Its connections are closed by the network."""
        if self.bury is not None and self.state != "dead":
            self.bury(self)
        self.state = "dead"
        self.held.clear()

    def freeze(self) -> None:
        """SIGSTOP. Its timers go on, and what they set is done after the thaw."""
        if self.state == "running":
            self.state = "frozen"
