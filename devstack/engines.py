"""The engine behind MongoDB's protocol: a real mongod, or SecantusDB in Rust or in Python.

In:       the environment (`CODES_DEV_DATABASE` forces one) and what is installed.
Out:      the engine, its program, and its version; the router of a sharded cluster.
"""

import importlib.metadata
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from devstack.errors import PartMissingError, StackError
from devstack.extra import EXTRA

Engine = Literal["mongod", "secantusd-rs", "secantusd-py"]
ENGINES: tuple[Engine, ...] = get_args(Engine)
"""In the order of preference."""
FORCE = "CODES_DEV_DATABASE"
ROUTER = "mongos"
CLUSTER = "a database of several nodes"
ASK_LIMIT_S = 20

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


def find_mongod() -> str:
    """The `mongod` of a database of several nodes.

    Raises:
        PartMissingError: there is none, or another engine is forced; those have one node.
    """
    if forced() not in {None, "mongod"}:
        raise PartMissingError(f"{FORCE} asks for {forced()}, which has one node; {CLUSTER} needs mongod")
    program = _program_of("mongod")
    if program is None:
        raise PartMissingError(f"{CLUSTER} needs mongod on the PATH; the embedded server has one node")
    return program


def find_router() -> str:
    """The `mongos` of a sharded cluster.

    Raises:
        PartMissingError: there is none.
    """
    program = shutil.which(ROUTER)
    if program is None:
        raise PartMissingError("a sharded database needs mongos on the PATH; it is part of MongoDB")
    return program


def version_of(program: str) -> str:
    """The version that a program prints; the Python engine has no option for it."""
    if Path(program).name == "secantusd-py":
        return importlib.metadata.version("secantusdb")
    asked = subprocess.run(  # noqa: S603 - the program was looked up here
        [program, "--version"], capture_output=True, text=True, timeout=ASK_LIMIT_S, check=False
    )
    first = asked.stdout.partition("\n")[0].split()
    return first[-1] if first else "unknown"


def _program_of(engine: Engine) -> str | None:
    beside = Path(sys.executable).with_name(engine)  # a virtual environment need not be on the PATH
    if engine == "secantusd-py" and beside.is_file():
        return str(beside)
    return shutil.which(engine)
