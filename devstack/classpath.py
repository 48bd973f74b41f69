"""Kafka's jars: fetched once by jgo, a Maven client from PyPI, then found by a saved record.

In:       the record's file, and the version (`CODES_DEV_KAFKA_VERSION` overrides it).
Out:      the paths of all jars.
Promise:  jgo runs only if this set of jars has no record, or a jar is missing. Mirrors and caches are those of jgo's
          configuration (its file, `M2_REPO`, `JGO_CACHE_DIR`).
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
"""The version that the tests use. Not 4.3.0 or 4.3.1: they lose transaction markers (KAFKA-20734)."""
VERSION = "CODES_DEV_KAFKA_VERSION"
VERSION_FORM = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
FETCH_LIMIT_S = 600
REPORT_EVERY_S = 0.5
ERROR_LINES = 3


def wanted_version() -> str:
    """The version in the environment; `KAFKA_VERSION` by default.

    Raises:
        StackError: the environment names no valid version.
    """
    wanted = os.environ.get(VERSION) or KAFKA_VERSION
    if not VERSION_FORM.fullmatch(wanted):
        raise StackError(f"{VERSION} is {wanted!r}; a version is three numbers, such as {KAFKA_VERSION}")
    return wanted


def coordinates(version: str) -> str:
    """The jars as Maven coordinates."""
    return f"org.apache.kafka:kafka_2.13:{version}+org.slf4j:slf4j-simple:1.7.36"


async def class_path(record: Path, version: str, report: Report) -> list[str]:
    """The paths of Kafka's jars; fetches them if necessary.

    Raises:
        PartMissingError: jgo is needed and not installed.
        StackError: jgo failed or exceeded `FETCH_LIMIT_S`; the message ends with its output.
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
    """The recorded paths; empty if they are of another version, or a jar is missing."""
    try:
        known = json.loads(record.read_text())
        jars = [str(jar) for jar in known["jars"]] if known["coordinates"] == coordinates(version) else []
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return []
    return jars if all(Path(jar).is_file() for jar in jars) else []


def write_record(record: Path, version: str, jars: list[str]) -> None:
    """Save the paths for later starts."""
    record.write_text(json.dumps({"coordinates": coordinates(version), "jars": jars}, indent=2) + "\n")


def jars_in(text: str) -> list[str]:
    """The jars in jgo's output, which lists class path and module path separately."""
    return [line.strip() for line in text.splitlines() if line.strip().endswith(".jar")]


def file_in(line: str) -> str | None:
    """The file that a line of jgo's progress names, if any."""
    words = line.split()
    return words[1] if len(words) > 1 and words[0] == "Downloading" else None


async def _ask_jgo(version: str, report: Report) -> list[str]:
    command = (sys.executable, "-P", "-m", "jgo", "--class-path-only", "--resolver", "python", "info", "jars")
    async with child(*command, coordinates(version), limit_s=FETCH_LIMIT_S, what="fetching Kafka's jars") as jgo:
        out, lines = await asyncio.gather(read_all(jgo.stdout), _follow(jgo.stderr, report))
    jars = jars_in(out)
    if jgo.returncode or not jars:
        raise StackError("\n".join(["jgo could not fetch Kafka's jars. Its last lines:", *lines[-ERROR_LINES:]]))
    return jars


async def _follow(stream: asyncio.StreamReader | None, report: Report) -> list[str]:
    """Report each fetched file, at most every `REPORT_EVERY_S`; return all lines."""
    assert stream is not None
    lines: list[str] = []
    count, reported_at = 0, 0.0
    async for line in stream:
        lines.append(line.decode(errors="replace").rstrip())
        fetched = file_in(lines[-1])
        count += fetched is not None
        if fetched and time.monotonic() - reported_at > REPORT_EVERY_S:
            reported_at = time.monotonic()
            report(f"kafka: fetching {fetched} (file {count})")
    return lines
