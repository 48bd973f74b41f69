"""The database: the command line of each engine, and the check that it accepts writes.

In:       the layout and a port.
Out:      a Recipe.
"""

import asyncio
import importlib.metadata
import os
import subprocess
from collections.abc import Mapping
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure, PyMongoError

from devstack.engines import Found, find_engine, uri
from devstack.folder import Layout, Report
from devstack.ports import HOST
from devstack.recipe import Kind, Recipe, listens

REPLICA_SET = "codes"
CACHE_SHARE = 8
"""The cache gets one eighth of the memory. The engines' defaults, up to half of it, assume a dedicated machine; a
small cache stalls long imports: a million rows took more than 512 MiB."""
CACHE_MIB_MIN, CACHE_MIB_MAX = 256, 4096
MIB = 1024 * 1024
ANSWER_LIMIT_MS = 2_000
ASK_LIMIT_S = 20
ALREADY_INITIALIZED = 23

Admin = Database[dict[str, Any]]


async def prepare(layout: Layout, ports: Mapping[str, int], report: Report) -> Recipe:
    """Find the engine and make its folder."""
    found = await asyncio.to_thread(find_engine)
    folder = layout.data(found.engine)
    (folder / "secantusd.toml").touch()
    (folder / "db").mkdir(exist_ok=True)
    report(f"database: {found.program}")
    port = ports["server"]
    return Recipe(
        engine=found.engine,
        version=await asyncio.to_thread(version_of, found),
        command=command(found, port),
        folder=folder,
        answers=lambda: answers(port, initiate=found.engine == "mongod"),
    )


KIND = Kind(ports=("server",), prepare=prepare)


def command(found: Found, port: int) -> tuple[str, ...]:
    """An engine's command line."""
    address = ("--port", str(port))
    if found.engine == "mongod":
        memory = ("--wiredTigerCacheSizeGB", f"{cache_mib() / 1024:.2f}")
        return (
            found.program,
            "--bind_ip",
            HOST,
            *address,
            "--dbpath",
            "db",
            "--replSet",
            REPLICA_SET,
            *memory,
        )
    own = ("--config", "secantusd.toml")  # an empty file, or it reads the user's
    return (found.program, *own, "--host", HOST, *address, "--storage-path", "db", "--cache-size", f"{cache_mib()}M")


def cache_mib() -> int:
    """Size of the database's cache on this machine, in MiB."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // MIB
    return max(CACHE_MIB_MIN, min(CACHE_MIB_MAX, memory // CACHE_SHARE))


def version_of(found: Found) -> str:
    """The engine's version; the Python engine has no option for it."""
    if found.engine == "secantusd-py":
        return importlib.metadata.version("secantusdb")
    asked = subprocess.run(  # noqa: S603 - the program was looked up here
        [found.program, "--version"], capture_output=True, text=True, timeout=ASK_LIMIT_S, check=False
    )
    first = asked.stdout.partition("\n")[0].split()
    return first[-1] if first else "unknown"


async def answers(port: int, *, initiate: bool) -> bool:
    """Whether the database accepts writes; initiates a new replica set."""
    return await listens(port) and await asyncio.to_thread(_is_writable, port, initiate=initiate)


def _is_writable(port: int, *, initiate: bool) -> bool:
    with _client(port) as client:
        try:
            hello = client.admin.command("hello")
            if initiate and "setName" not in hello:
                join_own_set(client.admin, port)
        except PyMongoError:
            return False
    return bool(hello.get("isWritablePrimary"))


def _client(port: int) -> MongoClient[dict[str, Any]]:
    return MongoClient(uri(port), serverSelectionTimeoutMS=ANSWER_LIMIT_MS, socketTimeoutMS=ANSWER_LIMIT_MS)


def join_own_set(admin: Admin, port: int) -> None:
    """Initiate a replica set of one member; if it was initiated on another port, reconfigure it."""
    members = [{"_id": 0, "host": f"{HOST}:{port}"}]
    try:
        admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
    except OperationFailure as error:
        if error.code != ALREADY_INITIALIZED:
            raise
        config = admin.command("replSetGetConfig")["config"]
        moved = {**config, "version": config["version"] + 1, "members": members}
        admin.command("replSetReconfig", moved, force=True)
