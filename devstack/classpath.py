"""Kafka's jars: fetched once by jgo, a Maven client from PyPI; after that known by a record.

In:       the file of the record, and the version (`CODES_DEV_KAFKA_VERSION` asks for another one).
Out:      the paths of all jars.
Promise:  jgo runs only if there is no record of this very set of jars, or one of them is gone. Mirrors and caches
          are what jgo is configured to use (its config file, `M2_REPO`, `JGO_CACHE_DIR`).
"""

import asyncio
import json
import os
import re
import sys
import time
from pathlib import Path

from devstack.child import child, read_all
from devstack.errors import StackError
from devstack.extra import require
from devstack.folder import Report

KAFKA_VERSION = "4.2.1"
"""What the service is tested with. Not 4.3.0 or 4.3.1: they lose the ends of transactions (KAFKA-20734)."""
VERSION = "CODES_DEV_KAFKA_VERSION"
VERSION_FORM = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
FETCH_LIMIT_S = 600
REPORT_EVERY_S = 0.5
ERROR_LINES = 3


def wanted_version() -> str:
    """Read which Kafka the environment asks for; `KAFKA_VERSION` if it does not.

    Raises:
        StackError: what it asks for is no version.
    """
    wanted = os.environ.get(VERSION) or KAFKA_VERSION
    if not VERSION_FORM.fullmatch(wanted):
        raise StackError(f"{VERSION} is {wanted!r}; a version is three numbers, such as {KAFKA_VERSION}")
    return wanted


def coordinates(version: str) -> str:
    """Name the jars as Maven does."""
    return f"org.apache.kafka:kafka_2.13:{version}+org.slf4j:slf4j-simple:1.7.36"


async def class_path(record: Path, version: str, report: Report) -> list[str]:
    """Give the paths of a Kafka's jars, fetching them if need be.

    Raises:
        PartMissingError: jgo is needed and not installed.
        StackError: jgo failed, or took longer than `FETCH_LIMIT_S`; the message ends with what it said.
    """
    known = read_record(record, version)
    if known:
        return known
    require("jgo", why="fetching Kafka")
    report("kafka: fetching its jars, the first time only")
    jars = await _ask_jgo(version, report)
    write_record(record, version, jars)
    return jars


def read_record(record: Path, version: str) -> list[str]:
    """Read what was found before; nothing, if it was other jars or one has gone."""
    try:
        known = json.loads(record.read_text())
        jars = [str(jar) for jar in known["jars"]] if known["coordinates"] == coordinates(version) else []
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return []
    return jars if all(Path(jar).is_file() for jar in jars) else []


def write_record(record: Path, version: str, jars: list[str]) -> None:
    """Remember where the jars are."""
    record.write_text(json.dumps({"coordinates": coordinates(version), "jars": jars}, indent=2) + "\n")


def jars_in(text: str) -> list[str]:
    """Pick the jars from what jgo prints; it lists class path and module path apart."""
    return [line.strip() for line in text.splitlines() if line.strip().endswith(".jar")]


def file_in(line: str) -> str | None:
    """Read which file a line of jgo's progress is about; None, if it is about none."""
    words = line.split()
    return words[1] if len(words) > 1 and words[0] == "Downloading" else None


async def _ask_jgo(version: str, report: Report) -> list[str]:
    command = (sys.executable, "-P", "-m", "jgo", "--class-path-only", "--resolver", "python", "info", "jars")
    async with child(*command, coordinates(version), limit_s=FETCH_LIMIT_S, what="fetching Kafka's jars") as jgo:
        out, said = await asyncio.gather(read_all(jgo.stdout), _follow(jgo.stderr, report))
    jars = jars_in(out)
    if jgo.returncode or not jars:
        raise StackError("\n".join(["jgo could not fetch Kafka's jars. It said:", *said[-ERROR_LINES:]]))
    return jars


async def _follow(stream: asyncio.StreamReader | None, report: Report) -> list[str]:
    """Tell what is being fetched, not more often than a person can read."""
    assert stream is not None
    said: list[str] = []
    count, reported_at = 0, 0.0
    async for line in stream:
        said.append(line.decode(errors="replace").rstrip())
        fetched = file_in(said[-1])
        count += fetched is not None
        if fetched and time.monotonic() - reported_at > REPORT_EVERY_S:
            reported_at = time.monotonic()
            report(f"kafka: fetching {fetched} (file {count})")
    return said
