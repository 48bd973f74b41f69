"""The engine behind MongoDB's protocol: a real mongod, or SecantusDB in Rust or in Python.

In:       the environment (`CODES_DEV_DATABASE` forces one) and what is installed.
Out:      the engine, its program and its address.
"""

import os
import shutil
import sys
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from devstack.errors import PartMissingError, StackError
from devstack.extra import EXTRA
from devstack.ports import HOST

Engine = Literal["mongod", "secantusd-rs", "secantusd-py"]
ENGINES: tuple[Engine, ...] = get_args(Engine)
"""In the order of preference."""
FORCE = "CODES_DEV_DATABASE"

REMEDIES: dict[Engine, str] = {
    "mongod": "install MongoDB's server, so that mongod is on the PATH",
    "secantusd-rs": "cargo install secantus-mdb, so that secantusd-rs is on the PATH",
    "secantusd-py": EXTRA,
}


class Found(NamedTuple):
    """An engine and its program."""

    engine: Engine
    program: str


def forced() -> Engine | None:
    """The engine that the environment names, if any.

    Raises:
        StackError: the environment names an unknown engine.
    """
    wanted = os.environ.get(FORCE)
    if not wanted:
        return None
    if wanted not in ENGINES:
        raise StackError(f"{FORCE} is {wanted!r}; it may be {', '.join(ENGINES)}, or unset")
    return wanted


def find_engine() -> Found:
    """The engine to run: the forced one, else the first that is installed.

    Raises:
        PartMissingError: the forced engine is not installed, or none is.
    """
    wanted = forced()
    for engine in ENGINES if wanted is None else (wanted,):
        program = _program_of(engine)
        if program is not None:
            return Found(engine, program)
    if wanted is None:
        raise PartMissingError(f"no database found: {EXTRA}")
    raise PartMissingError(f"{FORCE} asks for {wanted}, which is missing: {REMEDIES[wanted]}")


def uri(port: int) -> str:
    """The address for drivers. Direct, because the one node may have another name in its replica set."""
    return f"mongodb://{HOST}:{port}/?directConnection=true"


def _program_of(engine: Engine) -> str | None:
    beside = Path(sys.executable).with_name(engine)  # a virtual environment need not be on the PATH
    if engine == "secantusd-py" and beside.is_file():
        return str(beside)
    return shutil.which(engine)
