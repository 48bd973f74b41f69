"""Metrics are declared once: with meaning and remedy, in the right units, and documented from the declaration."""

import json
import re
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from cli.commands.metrics import markdown
from cli.main import app
from ops.settings.load import load_settings
from ops.telemetry.answer_times import AnswerTimes
from ops.telemetry.collectors import ProgressCollector, StockCollector
from ops.telemetry.inventory_metrics import InventoryCollector
from ops.telemetry.metric_spec import Known, Spec
from ops.telemetry.metrics import SPECS
from ops.telemetry.progress import Progress
from ops.telemetry.registry import Metrics
from ops.webhooks.running import WebhookCollector
from roles.process import SERVED, known_labels
from schemas.objective_settings import ObjectiveSettings
from stores.code_port import StockFigures
from tests.places import ROOT

DOCS = ROOT / "docs" / "metrics.md"
UNITS = {
    "gauge": r"_(seconds|offset|records|codes|running|away|assigned|unusable|paused|partitions|ratio|messages)$",
    "counter": r"_total$",
    "info": r"_info$",
}
SECRETS = {"code", "code_id", "fan", "fan_id", "request", "request_id", "reservation_id"}


def test_the_documentation_is_current() -> None:
    """docs/metrics.md is what `codes metrics --docs` prints."""
    assert DOCS.read_text() == markdown() == CliRunner().invoke(app, ["metrics", "--docs"]).stdout


def test_json_has_every_metric_for_programs() -> None:
    """Rules and dashboards are checked against it."""
    listed = json.loads(CliRunner().invoke(app, ["metrics", "--json"]).stdout)

    assert [spec.name for spec in SPECS] == [metric["name"] for metric in listed]
    assert {"name", "type", "labels", "meaning", "remedy"} == set(listed[0])


def test_the_table_has_every_metric() -> None:
    """Whole names, so that what is piped can be searched."""
    table = CliRunner().invoke(app, ["metrics"]).stdout

    assert [] == [spec.name for spec in SPECS if spec.name not in table]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_a_declaration_is_complete(spec: Spec[Any]) -> None:
    """Meaning and remedy are sentences; a name says its unit; no label can hold a secret or has no bound."""
    assert spec.name.startswith("codes_")
    assert re.search(UNITS.get(spec.kind, r"_(seconds|records|rows)$"), spec.name)
    assert (".", ".", True) == (spec.meaning[-1], spec.remedy[-1], spec.remedy.startswith("When "))
    assert set() == SECRETS & set(spec.labels)
    assert "|" not in spec.meaning + spec.remedy


def test_names_are_given_once() -> None:
    """Two metrics of one name cannot be scraped."""
    names = [spec.name for spec in SPECS]

    assert len(set(names)) == len(names) > 30


def test_everything_declared_is_served_and_nothing_else() -> None:
    """By the registry itself and by the collectors."""
    metrics = Metrics()
    collectors = (
        ProgressCollector(Progress()),
        StockCollector(StockFigures()),
        InventoryCollector(dict),
        AnswerTimes(ObjectiveSettings()),
        WebhookCollector(),
    )
    for collector in collectors:
        metrics.compute(collector)

    families = text_string_to_metric_families(metrics.text()[0].decode())
    served = {family.name for family in families if not family.name.startswith("process_")}
    assert {spec.name.removesuffix("_total") for spec in SPECS} == served


def test_a_series_of_a_known_topic_is_there_before_it_moves() -> None:
    """An `increase` over a series that begins at 1 is 0: the alert would miss the first event."""
    metrics = Metrics("worker", Known(topics=("t.a",), reply_topics=("answers",), webhooks=("sales",)))

    empty = [family.name for family in metrics.registry.collect() if not family.samples]

    assert [] == empty


def test_a_process_says_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Version, commit and role; CPU, memory and open files as every program's."""
    monkeypatch.setenv("IMAGE_REVISION", "abc123")

    metrics = Metrics("worker")

    [build] = [s.labels for f in metrics.registry.collect() for s in f.samples if s.name == "codes_build_info"]
    assert {"role": "worker", "revision": "abc123"}.items() <= build.items()
    assert {"version", "python", "role", "revision"} == build.keys()
    assert metrics.registry.get_sample_value("process_resident_memory_bytes")


@pytest.mark.parametrize("role", ["worker", "importer", "expirer", "inventory"])
def test_each_role_knows_the_topics_that_it_serves(role: str) -> None:
    """Their counters begin at zero; the prefix is that of the settings."""
    settings = load_settings({"CODES_TOPICS__PREFIX": "t.", "CODES_TOPICS__REPLY_ALLOWED": '["answers"]'})

    metrics = Metrics(role, known_labels(role, settings))
    fenced = [
        s.labels["topic"] for f in metrics.registry.collect() for s in f.samples if s.name == "codes_fenced_total"
    ]

    assert [f"t.{topic.name}" for topic in SERVED.get(role, ())] == fenced
    usable = metrics.registry.get_sample_value("codes_reply_topic_unusable", {"topic": "answers"})
    assert (0.0 if role == "worker" else None) == usable
