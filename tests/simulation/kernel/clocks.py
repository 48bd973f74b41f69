"""What the code under simulation takes for time and chance: virtual, seeded, and each process's own.

In:       the modules of the service and of its libraries that ask for the time or for random numbers.
Out:      `replaced`: a context in which their names refer to the simulation's.
Promise:  true time is the loop's. A process's wall clock differs from it by its offset; monotonic clocks never step.
"""

import asyncio
import os
import random
import secrets
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from types import FunctionType, ModuleType
from typing import Any, Final

from tests.simulation.kernel.process import PROCESS

EPOCH: Final = datetime(2026, 6, 1, 12, tzinfo=UTC)
"""When every history begins."""


def true_s() -> float:
    """Seconds of true time since the start of the history; 0 outside of a loop."""
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:
        return 0.0


def wall_clock(offset_s: float = 0.0) -> datetime:
    """What a wall clock shows that is so far ahead."""
    return EPOCH + timedelta(seconds=true_s() + offset_s)


class ProcessDatetime(datetime):
    """`datetime` whose `now` is the running process's wall clock."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        """As `datetime.now`, in true time plus the process's offset."""
        process = PROCESS.get()
        return wall_clock(process.wall_offset_s if process else 0.0).astimezone(tz)


def process_time_s() -> float:
    """As `time.time`."""
    return ProcessDatetime.now(UTC).timestamp()


CHANCE: Final = random.Random(0)
"""The code under simulation draws from it; each history seeds it anew."""
SEEDED: Final[Mapping[Any, Any]] = {
    random.random: CHANCE.random,
    random.uniform: CHANCE.uniform,
    random.randint: CHANCE.randint,
    random.randrange: CHANCE.randrange,
    random.choice: CHANCE.choice,
    random.shuffle: CHANCE.shuffle,
    random.sample: CHANCE.sample,
    secrets.token_hex: lambda size=16: f"{CHANCE.getrandbits(size * 8):0{size * 2}x}",
    os.urandom: CHANCE.randbytes,
    uuid.uuid4: lambda: uuid.UUID(int=CHANCE.getrandbits(128), version=4),
}
"""Functions that give random numbers and ids."""


def altered(module: ModuleType, replacements: Mapping[Any, Any]) -> ModuleType:
    """A module with these functions replaced, for those who ask it by its full name; the rest is as it was."""
    by_identity = {id(key): value for key, value in replacements.items()}
    copy = ModuleType(module.__name__)
    vars(copy).update({name: by_identity.get(id(value), value) for name, value in vars(module).items()})
    return copy


CLOCKS: Final[Mapping[Any, Any]] = {
    time.time: process_time_s,
    time.monotonic: lambda: 1_000.0 + true_s(),
    time.perf_counter: lambda: 1_000.0 + true_s(),
    datetime: ProcessDatetime,
}


def simulated() -> Mapping[Any, Any]:
    """All clocks and random numbers, by function and by module."""
    functions = {**CLOCKS, **SEEDED}
    return {**functions, **{module: altered(module, functions) for module in (time, random, secrets, uuid, os)}}


DEFAULTS: Final = ("__defaults__", "__kwdefaults__")
"""Where a function keeps them."""


@contextmanager
def replaced(replacements: Mapping[Any, Any], packages: tuple[str, ...]) -> Iterator[None]:
    """Let every name in modules of these packages that refers to a key refer to its value instead.

    So do the defaults of their functions: a timer of Faust takes its clock from there. `packages` are top-level
    names. Modules imported later keep the original: import all of them before.
    """
    by_identity = {id(key): value for key, value in replacements.items()}
    undo: list[tuple[object, str, Any]] = []
    for owner, attribute, value in list(names_in(packages)):
        new = replaced_defaults(value, by_identity) if attribute in DEFAULTS else by_identity.get(id(value), value)
        if new is not value:
            undo.append((owner, attribute, value))
            setattr(owner, attribute, new)
    try:
        yield
    finally:
        for owner, attribute, value in reversed(undo):
            setattr(owner, attribute, value)


def names_in(packages: Sequence[str]) -> Iterator[tuple[object, str, Any]]:
    """All names of these packages' modules, and the defaults of their functions and methods."""
    for name, module in list(sys.modules.items()):
        if module is None or name.partition(".")[0] not in packages:
            continue
        for attribute, value in list(vars(module).items()):
            yield module, attribute, value
            if getattr(value, "__module__", None) == name:
                yield from defaults_of(value)


def defaults_of(value: object) -> Iterator[tuple[object, str, Any]]:
    """Of a function, or of a class's methods."""
    functions = vars(value).values() if isinstance(value, type) else [value]
    for function in functions:
        if isinstance(function, FunctionType):
            yield from ((function, name, getattr(function, name)) for name in DEFAULTS)


def replaced_defaults(defaults: Any, by_identity: Mapping[int, Any]) -> Any:
    """A function's defaults with the values of keys; the same object if there are no keys."""
    values = defaults.values() if isinstance(defaults, dict) else defaults or ()
    if not any(id(value) in by_identity for value in values):
        return defaults
    if isinstance(defaults, dict):
        return {name: by_identity.get(id(value), value) for name, value in defaults.items()}
    return tuple(by_identity.get(id(value), value) for value in defaults)
