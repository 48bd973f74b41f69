"""The example programs, run as a neighbouring team would.

Out: `Sale`, where they run; `Ran` and `run`; how each is called, and what the readers kept.
"""

import asyncio
import os
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from stores.mongo.connection import Database
from tests.integration.running import Neighbour
from tests.places import ROOT

EXAMPLES: Final = ROOT / "docs" / "examples"
LIMIT_S: Final = 90
IDLE_S: Final = 3


@dataclass(frozen=True)
class Ran:
    """A program's exit code and output."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[list[str]]:
        """The lines of standard output, as words."""
        return [line.split() for line in self.out.splitlines()]


@dataclass(frozen=True)
class Sale:
    """A campaign `spring` whose codes are given out."""

    environment: Mapping[str, str]
    neighbour: Neighbour
    db: Database

    async def assigned_codes(self) -> list[str]:
        """The values of the assigned codes, from the database."""
        found = await self.db["codes"].find({"status": "assigned"}).to_list(None)
        return sorted(code["code"] for code in found)


async def run(environment: Mapping[str, str], *arguments: str) -> Ran:
    """Run a program to its end."""
    process = await asyncio.create_subprocess_exec(
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), LIMIT_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Ran(process.returncode or 0, out.decode(), err.decode())


def python_order(order: str, fan: str, quantity: int, *more: str) -> list[str]:
    """The sender in Python, for campaign `spring`."""
    program = [sys.executable, str(EXAMPLES / "upstream.py")]
    return [*program, "--order", order, "--campaign", "spring", "--fan", fan, "--quantity", str(quantity), *more]


def shell_order(order: str, fan: str, quantity: int) -> list[str]:
    """The sender with kcat."""
    return [str(EXAMPLES / "upstream.sh"), order, "spring", fan, str(quantity)]


def python_wallet(wallet: Path, group: str) -> list[str]:
    """The reader in Python, until no event arrives for a while."""
    program = [sys.executable, str(EXAMPLES / "downstream.py")]
    return [*program, "--wallet", str(wallet), "--group", group, "--idle-s", str(IDLE_S)]


def shell_wallet(folder: Path) -> list[str]:
    """The reader with kcat."""
    return [str(EXAMPLES / "downstream.sh"), str(folder)]


def codes_in_file(wallet: Path) -> list[tuple[str, str]]:
    """Fans and codes that the reader in Python kept."""
    with closing(sqlite3.connect(wallet)) as db:
        return sorted(db.execute("SELECT fan_id, code FROM codes").fetchall())


def codes_in_folder(folder: Path) -> list[tuple[str, str]]:
    """Fans and codes that the reader with kcat kept."""
    events = [orjson.loads(file.read_bytes()) for file in (folder / "codes").iterdir()]
    return sorted((event["fan_id"], event["code"]) for event in events)


def forget_offsets(folder: Path) -> None:
    """As if the reader with kcat had been killed before it wrote down how far it is."""
    for file in folder.glob("next.*"):
        file.unlink()
