"""The running roles, some traffic, and a Prometheus that watches: what it answers to everything we ask it.

Out: `Seen`, `watch`.
"""

from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import aiohttp

import web.prometheus
from handlers.inventory.motion import Point
from ops.broker.migrate import migrate
from ops.monitoring.dashboard import variables
from ops.monitoring.panel import Query
from ops.monitoring.rows import ROWS
from ops.settings.load import load_settings
from schemas.topics import ASSIGN, IMPORT, RELEASE, RESERVE, RESULTS, TopicSpec
from tests.conftest import remove
from tests.integration.importing import Files, ends, some_files
from tests.integration.running import Neighbour, Role, a_neighbour, running
from tests.monitoring.prometheus import LABELS, Prometheus, Series, a_prometheus

CREW: Final = ("worker", "importer", "expirer", "inventory")
VALUES: Final = {
    "$__rate_interval": "1m",
    "$namespace": ".*",
    "$release": ".*",
    "$job": ".*",
    "$instance": ".*",
    "$campaign": ".*",
}
"""Grafana's variables as `All` sets them."""
HELD: Final = 10


@dataclass(frozen=True, slots=True)
class Seen:
    """Prometheus's answers."""

    answers: Mapping[str, Series]
    """The series by the dashboard's expression."""
    rules: list[dict[str, Any]]
    values: Mapping[str, list[str]]
    """The values of the dashboard's variables."""
    week: list[Point]
    """The counts of the campaign, as the inventory's page asks for them."""


def queries() -> list[Query]:
    """All of the dashboard's."""
    return [query for row in ROWS for panel in row.panels for query in panel.queries]


def asked(expr: str) -> str:
    """An expression as Grafana sends it."""
    for variable, value in VALUES.items():
        expr = expr.replace(variable, value)
    return expr


async def watch(environment: Mapping[str, str], rules: Path, folder: Path) -> Seen:
    """Start everything, run the traffic, collect the answers, stop everything."""
    settings = load_settings(environment)
    await migrate(settings)
    try:
        async with AsyncExitStack() as parts:
            roles = [await parts.enter_async_context(running(name, environment, folder / name)) for name in CREW]
            neighbour = await parts.enter_async_context(a_neighbour(settings))
            files = parts.enter_context(some_files(environment))
            ports = {role.name: [await ready(role)] for role in roles}
            prometheus = await parts.enter_async_context(a_prometheus(ports, rules, folder))
            await prometheus.until(f"count(codes_build_info) == {len(CREW)}")
            await traffic(neighbour, files, prometheus)
            return await seen(prometheus)
    finally:
        await remove(settings)


async def ready(role: Role) -> int:
    """The port of a role that serves."""
    await role.until_ready()
    port: int = role.logged("ops_listening")[0]["port"]
    return port


async def traffic(neighbour: Neighbour, files: Files, prometheus: Prometheus) -> None:
    """A bit of everything: imports that end well and badly, all outcomes, a dead letter, holds that end."""
    files.put("codes.csv", "\n".join(f"CODE-{number:03}" for number in range(100)).encode())
    await neighbour.send(IMPORT, files.command("codes.csv", "i1"))
    await neighbour.send(IMPORT, files.command("missing.csv", "i2"))
    await ends(neighbour, 2)
    await prometheus.until('codes_inventory_codes{campaign="sale", status="available"} == 100')  # it falls from there
    for number in range(HELD):
        await ask(neighbour, RESERVE, f"r{number}", fan_id="fan", ttl_s=1 if number % 2 else 600)
    await neighbour.values(RESULTS, HELD)
    await ask(neighbour, ASSIGN, "a1", fan_id="fan", reservation_id="r0")
    await ask(neighbour, RELEASE, "b1", fan_id="fan", reservation_id="r2")
    await ask(neighbour, RESERVE, "r-many", fan_id="fan", quantity=100)
    await neighbour.send(RESERVE, b"not JSON")
    await neighbour.values(RESULTS, HELD + 3 + HELD // 2)


async def ask(neighbour: Neighbour, topic: TopicSpec, request_id: str, **fields: Any) -> None:  # passed on
    """One request."""
    await neighbour.send(topic, {"request_id": request_id, "campaign_id": "sale", **fields})


async def seen(prometheus: Prometheus) -> Seen:
    """Its answers, once it has scraped and judged what the traffic did."""
    await prometheus.until('codes_imports_ended_total{state="failed"} == 1')
    await prometheus.until('codes_dead_letters_total{reason="not_json"} == 1')
    await prometheus.until('codes_inventory_codes{campaign="sale", status="assigned"} == 1')
    await prometheus.until(f"sum(codes_expiries_asked_total) >= {HELD // 2}")
    for alert in ("CodesImportsFailed", "CodesDeadLetters"):
        await prometheus.until(f'ALERTS{{alertname="{alert}", alertstate="firing"}}')
    return Seen(
        {query.expr: await prometheus.query(asked(query.expr)) for query in queries()},
        await prometheus.rules(),
        {name: await prometheus.label_values(name, asked(series)) for name, series in variable_series()},
        await week_from(prometheus),
    )


async def week_from(prometheus: Prometheus) -> list[Point]:
    """Of the campaign of the traffic."""
    async with aiohttp.ClientSession() as session:
        return await web.prometheus.Prometheus(session, prometheus.base, LABELS).week("sale", datetime.now(UTC))


def variable_series() -> Iterator[tuple[str, str]]:
    """Label and series of each variable that asks Prometheus."""
    for variable in variables():
        if variable["type"] == "query":
            yield variable["name"], variable["definition"].removeprefix("label_values(").rpartition(",")[0]
