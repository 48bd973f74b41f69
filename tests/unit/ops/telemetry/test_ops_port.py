"""The ops port answers what health and metrics know, and is free again afterwards."""

import socket

import aiohttp
import pytest
import structlog
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from ops.telemetry.answer_times import AnswerTimes
from ops.telemetry.health import Health
from ops.telemetry.ops_port import ops_server
from ops.telemetry.registry import Metrics
from schemas.errors import SettingsInvalid
from schemas.objective_settings import ObjectiveSettings
from schemas.observation.answers import AnswersVisible, Asked
from schemas.settings import OpsSettings


async def get(port: int, path: str) -> tuple[int, str]:
    """Status and body."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}{path}") as answer,
    ):
        return answer.status, await answer.text()


async def test_each_path_answers(capsys: pytest.CaptureFixture[str]) -> None:
    """200 when all is well, 503 with what is missing, and Prometheus text."""
    health = Health(consumes=True)
    async with ops_server(OpsSettings(), Metrics(), health) as port:
        assert (200, '{"ok": true, "missing": []}') == await get(port, "/live")
        assert (503, '{"ok": false, "missing": ["start", "partitions"]}') == await get(port, "/ready")
        health.started()
        health.assigned(frozenset())
        assert 200 == (await get(port, "/ready"))[0]
        status, body = await get(port, "/metrics")

    assert 200 == status
    assert "codes_build_info{" in body


async def test_whoever_asks_for_openmetrics_gets_it() -> None:
    """Prometheus does, and only there an exemplar has its place."""
    metrics, times = Metrics(), AnswerTimes(ObjectiveSettings())
    metrics.tally(AnswersVisible, times.take, times)
    metrics.move(AnswersVisible({Asked("reserve", "reserved", 1_000): 3}, visible_ms=1_300, trace_id="ab" * 16))
    async with ops_server(OpsSettings(), metrics, Health(consumes=False)) as port, aiohttp.ClientSession() as session:
        accept = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"}
        async with session.get(f"http://127.0.0.1:{port}/metrics", headers=accept) as answer:
            parsed = text_string_to_metric_families(await answer.text())  # type: ignore[no-untyped-call]  # theirs
            families = {family.name: family for family in parsed}

    [exemplar] = [sample.exemplar for sample in families["codes_answer_seconds"].samples if sample.exemplar]
    assert ({"trace_id": "ab" * 16}, 0.3, 1.3) == (exemplar.labels, exemplar.value, float(exemplar.timestamp))


async def test_the_port_that_was_found_is_in_the_log() -> None:
    """Port 0 means any; a test finds it by the event `ops_listening`."""
    with structlog.testing.capture_logs() as logs:
        async with ops_server(OpsSettings(port=0), Metrics(), Health(consumes=False)) as port:
            pass

    assert [("ops_listening", port)] == [(entry["event"], entry["port"]) for entry in logs]
    assert port > 0


async def test_the_port_is_free_again_after_a_failure() -> None:
    """However the work ended."""
    with pytest.raises(RuntimeError):
        async with ops_server(OpsSettings(), Metrics(), Health(consumes=False)) as port:
            raise RuntimeError

    async with ops_server(OpsSettings(port=port), Metrics(), Health(consumes=False)) as again:
        assert port == again


async def test_a_port_in_use_is_named() -> None:
    """As a setting that is wrong, not as a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(SettingsInvalid, match=f"CODES_OPS__PORT: cannot listen on 127.0.0.1:{port}"):
            async with ops_server(OpsSettings(port=port), Metrics(), Health(consumes=False)):
                pass
