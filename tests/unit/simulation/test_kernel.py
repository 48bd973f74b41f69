"""The simulated world: time is virtual, a killed process does nothing more, a frozen one goes on after its thaw."""

import asyncio
import gc
import time
from inspect import signature

import pytest
from mode import Service

from tests.simulation.kernel.clocks import CLOCKS, replaced, simulated
from tests.simulation.kernel.loop import NothingLeftToRun
from tests.simulation.kernel.network import ConnectionLost, Server
from tests.simulation.kernel.world import World, living_tasks, run_world


class Steps:
    """A process that counts seconds, and its end."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.has_ended = False

    async def run(self) -> None:
        """Count."""
        try:
            while True:
                await asyncio.sleep(1)
                self.seconds.append(asyncio.get_running_loop().time())
        finally:
            self.has_ended = True


def test_a_killed_process_runs_not_even_its_finally() -> None:
    """Cancelled tasks would clean up, which SIGKILL does not allow."""
    steps = Steps()

    async def history(world: World) -> None:
        process = world.spawn("one", steps.run)
        await asyncio.sleep(2.5)
        world.kill(process)
        await asyncio.sleep(10)
        assert not steps.has_ended

    run_world(1, history)
    assert [1.0, 2.0] == steps.seconds


@pytest.mark.parametrize("is_counted", [False, True])
def test_a_killed_process_is_not_cleaned_up_by_the_garbage_collector(is_counted: bool) -> None:
    """A task that nothing refers to any more would be closed, and its `finally` would run."""
    steps = Steps()

    async def work() -> None:
        children.append(asyncio.create_task(steps.run()))
        children.clear()
        await asyncio.sleep(1_000)

    children: list[asyncio.Task[None]] = []

    async def history(world: World) -> None:
        process = world.spawn("one", work)
        await asyncio.sleep(2.5)
        if is_counted:
            process.steps_to_live = 0
        else:
            world.kill(process)
        await asyncio.sleep(10)
        gc.collect()
        assert not steps.has_ended

    run_world(1, history)
    assert [1.0, 2.0] == steps.seconds


def test_a_process_is_killed_at_any_step() -> None:
    """Between two awaits that no time separates, too."""
    reached: list[int] = []

    async def work() -> None:
        for number in range(10):
            reached.append(number)
            await asyncio.sleep(0)

    async def history(world: World) -> None:
        world.spawn("one", work).steps_to_live = 4
        await asyncio.sleep(1)

    run_world(1, history)
    assert [0, 1, 2, 3] == reached


def test_a_frozen_process_goes_on_after_its_thaw() -> None:
    """Its timers have run out meanwhile."""
    steps = Steps()

    async def history(world: World) -> None:
        process = world.spawn("one", steps.run)
        await asyncio.sleep(1.5)
        process.freeze()
        await asyncio.sleep(10)
        assert [1.0] == steps.seconds
        world.thaw(process)
        await asyncio.sleep(1.2)

    run_world(1, history)
    assert [1.0, 11.5, 12.5] == steps.seconds


def test_what_reached_a_server_is_done_although_its_client_was_killed() -> None:
    """And what had not, is never done."""
    done: list[str] = []

    async def history(world: World) -> None:
        server = Server("s")

        async def slow() -> None:
            await asyncio.sleep(5)
            done.append("slow")

        async def client() -> None:
            await world.network.call(server, "slow", slow)
            done.append("answered")

        process = world.spawn("one", client)
        await asyncio.sleep(1)
        world.kill(process)
        await asyncio.sleep(10)

    run_world(1, history)
    assert ["slow"] == done


def test_a_lost_request_is_not_done_and_a_lost_answer_is() -> None:
    """The client sees the same."""

    async def history(world: World) -> list[tuple[str, int]]:
        server, done = Server("s"), 0

        async def work() -> None:
            nonlocal done
            done += 1

        seen = []
        for loss in ("request", "answer"):
            world.network.disturb = lambda _server, _operation, loss=loss: loss  # type: ignore[misc]
            with pytest.raises(ConnectionLost):
                await world.network.call(server, "work", work)
            seen.append((loss, done))
        return seen

    assert [("request", 0), ("answer", 1)] == run_world(1, history)


def test_a_history_that_hangs_ends_with_an_error() -> None:
    """Nothing is ready, and no timer runs."""

    async def history(_world: World) -> None:
        await asyncio.Event().wait()

    with pytest.raises(NothingLeftToRun):
        run_world(1, history)


def test_tasks_that_outlive_their_process_are_found() -> None:
    """A role must not leave any."""

    async def history(world: World) -> int:
        async def work() -> None:
            background.append(asyncio.create_task(asyncio.sleep(100)))

        background: list[asyncio.Task[None]] = []
        world.spawn("one", work)
        await asyncio.sleep(1)
        return len(living_tasks(world))

    assert 1 == run_world(1, history)


def test_a_call_that_is_not_answered_in_time_ends_and_is_done_all_the_same() -> None:
    """A client's time-out does not reach a frozen server."""
    done: list[float] = []

    async def history(world: World) -> float:
        server, loop = Server("s"), world.loop

        async def work() -> None:
            done.append(loop.time())

        server.freeze()
        with pytest.raises(TimeoutError):
            await world.network.call(server, "work", work, 2.0)
        ended_s = loop.time()
        await asyncio.sleep(3)
        server.thaw()
        await asyncio.sleep(1)
        return ended_s

    assert 2.0 == run_world(1, history)
    assert [5.0] == done


def test_work_of_a_server_sees_the_error_of_what_it_waits_for() -> None:
    """A coroutine without a task is given results and errors like a task."""

    async def history(world: World) -> list[str]:
        seen: list[str] = []

        async def work() -> str:
            await asyncio.sleep(0)
            await asyncio.sleep(0.5)
            waiting: asyncio.Future[None] = world.loop.create_future()
            world.loop.call_later(1, waiting.set_exception, KeyError("lost"))
            try:
                await waiting
            except KeyError:
                seen.append("error")
            return "answer"

        seen.append(await world.network.call(Server("s"), "work", work))
        return seen

    assert ["error", "answer"] == run_world(1, history)


def test_a_callback_that_fails_does_not_end_the_history() -> None:
    """As with asyncio, the exception handler of the loop is called."""

    def fail() -> None:
        raise KeyError

    async def history(world: World) -> list[str]:
        failures: list[str] = []
        world.loop.set_exception_handler(lambda _loop, context: failures.append(repr(context["exception"])))
        world.loop.call_soon(fail)
        await asyncio.sleep(1)
        return failures

    assert ["KeyError()"] == run_world(1, history)


def test_a_clock_that_is_a_default_of_a_function_is_virtual() -> None:
    """A timer of Faust takes its clock from there; it would tick by the real time."""
    real = time.perf_counter

    with replaced(simulated(), ("mode",)):
        within = signature(Service.itertimer).parameters["clock"].default
    after = signature(Service.itertimer).parameters["clock"].default

    assert CLOCKS[real] is within
    assert real is after
