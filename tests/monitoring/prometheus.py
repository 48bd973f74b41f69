"""A real Prometheus, as a child process on 127.0.0.1 with a folder of its own.

In:   ports to scrape, by job; a rules file.
Out:  `Prometheus`: queries, label values, and how its rules do.
"""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.monitoring.tools import tool

NAMESPACE: Final = "shop"
RELEASE: Final = "blue"
LABELS: Final = {"namespace": NAMESPACE, "release": RELEASE}
START_TIMEOUT_S: Final = 20.0
STOP_TIMEOUT_S: Final = 10.0
UNTIL_S: Final = 40.0
Series = list[dict[str, Any]]


class Prometheus:
    """Its HTTP API."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session = session
        self.base = base

    async def query(self, expr: str) -> Series:
        """The answer to an expression now; fails with Prometheus's own words if it is wrong."""
        found: Series = (await self._get("query", query=expr))["result"]
        return found

    async def label_values(self, label: str, series: str) -> list[str]:
        """As Grafana asks for a variable's values."""
        found: list[str] = await self._get(f"label/{label}/values", **{"match[]": series})
        return found

    async def rules(self) -> list[dict[str, Any]]:
        """All rules, with health and alerts, once each was judged."""
        end = time.monotonic() + UNTIL_S
        while True:
            groups = (await self._get("rules"))["groups"]
            found = [rule for group in groups for rule in group["rules"]]
            if found and all(rule["health"] != "unknown" for rule in found):
                return found
            assert time.monotonic() < end, f"rules that were not judged: {found}"
            await asyncio.sleep(0.2)

    async def until(self, expr: str) -> None:
        """Wait until an expression has an answer."""
        end = time.monotonic() + UNTIL_S
        while not await self.query(expr):
            assert time.monotonic() < end, f"never so: {expr}"
            await asyncio.sleep(0.2)

    async def until_ready(self) -> None:
        """Wait until it serves; `prometheus.log` says why it does not."""
        end = time.monotonic() + START_TIMEOUT_S
        while not await self._answers():
            assert time.monotonic() < end, "Prometheus did not start"
            await asyncio.sleep(0.1)

    async def _answers(self) -> bool:
        """Whether it is ready."""
        try:
            async with self._session.get(f"{self.base}/-/ready") as answer:
                return answer.status == 200
        except aiohttp.ClientConnectionError:
            return False

    async def _get(self, path: str, **parameters: str) -> Any:  # whatever the API gives
        async with self._session.get(f"{self.base}/api/v1/{path}", params=parameters) as answer:
            body = await answer.json()
        assert "success" == body["status"], f"{parameters}: {body.get('error')}"
        return body["data"]


@asynccontextmanager
async def a_prometheus(targets: Mapping[str, Sequence[int]], rules: Path, folder: Path) -> AsyncIterator[Prometheus]:
    """A Prometheus that scrapes every second; it ends with the block."""
    config = folder / "prometheus.yaml"
    config.write_text(json.dumps(configuration(targets, rules)))
    port = free_port()
    with (folder / "prometheus.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            tool("prometheus"),
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            stdout=log,
            stderr=log,
        )
    try:
        async with aiohttp.ClientSession() as session:
            prometheus = Prometheus(session, f"http://127.0.0.1:{port}")
            await prometheus.until_ready()
            yield prometheus
    finally:
        await ended(process)


def configuration(targets: Mapping[str, Sequence[int]], rules: Path) -> dict[str, Any]:
    """A job for each role; namespace and release as the chart's PodMonitor would set them."""
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [
            {
                "job_name": job,
                "static_configs": [{"targets": [f"127.0.0.1:{port}" for port in ports], "labels": LABELS}],
            }
            for job, ports in targets.items()
        ],
    }


async def ended(process: asyncio.subprocess.Process) -> None:
    """Ask it to end; kill it if it does not."""
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()


def free_port() -> int:
    """A free port; Prometheus does not report the port that it chose."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
