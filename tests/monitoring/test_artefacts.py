"""What lies in helm/codes/files is what the code makes: whole, valid for Grafana, about metrics that exist."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import pytest
from typer.testing import CliRunner

from cli.commands.monitoring import DASHBOARD_FILE
from cli.main import app
from ops.monitoring.dashboard import DATASOURCE, dashboard
from ops.monitoring.panel import WIDTH_MAX
from ops.monitoring.rows import ROWS
from ops.monitoring.rules import ALERTS, RECORDS
from ops.telemetry.metrics import SPECS
from tests.monitoring.scene import asked, queries
from tests.places import ROOT

COMMITTED: Final = ROOT / "helm" / "codes" / "files"
KNOWN: Final = {spec.name for spec in SPECS}


@pytest.fixture
def made() -> dict[str, Any]:
    """The dashboard."""
    return dashboard(ROWS)


def panels(made: dict[str, Any]) -> list[dict[str, Any]]:
    """Those that show something."""
    return [panel for panel in made["panels"] if panel["type"] != "row"]


def metrics_of(expr: str) -> set[str]:
    """The names in an expression, without a histogram's parts."""
    names = set(re.findall(r"\bcodes_\w+", expr))
    return {name if name in KNOWN else re.sub("(?:_bucket|_sum|_count)$", "", name) for name in names}


def data_sources(found: object) -> Iterator[object]:
    """Every data source that something in the dashboard names."""
    if isinstance(found, dict):
        yield from [found["datasource"]] if "datasource" in found else []
        for value in found.values():
            yield from data_sources(value)
    if isinstance(found, list):
        for item in found:
            yield from data_sources(item)


def apart(place: dict[str, int], other: dict[str, int]) -> bool:
    """Whether two places in the grid share nothing."""
    beside = place["x"] + place["w"] <= other["x"] or other["x"] + other["w"] <= place["x"]
    return beside or place["y"] + place["h"] <= other["y"] or other["y"] + other["h"] <= place["y"]


def test_the_committed_files_are_current(tmp_path: Path) -> None:
    """They are what `codes monitoring` writes (`make monitoring`)."""
    done = CliRunner().invoke(app, ["monitoring", "--out", str(tmp_path)])

    assert 0 == done.exit_code
    assert [*map(str, sorted(tmp_path.iterdir()))] == sorted(done.stdout.split())
    for file in tmp_path.iterdir():
        assert (COMMITTED / file.name).read_text() == file.read_text()


def test_the_dashboard_is_one_that_grafana_imports(made: dict[str, Any]) -> None:
    """Its identity is fixed, and none of it depends on the Grafana it was made on."""
    assert made == json.loads((COMMITTED / DASHBOARD_FILE).read_text())
    assert ("code-service", True) == (made["uid"], made["schemaVersion"] >= 39)
    assert "id" not in made
    assert all(DATASOURCE == source for source in data_sources(made))
    assert ["datasource", "namespace", "release", "job", "instance", "campaign"] == [
        variable["name"] for variable in made["templating"]["list"]
    ]


def test_panels_lie_in_the_grid_and_not_on_each_other(made: dict[str, Any]) -> None:
    """Each has an id of its own."""
    places = [panel["gridPos"] for panel in made["panels"]]

    assert len(places) == len({panel["id"] for panel in made["panels"]})
    assert all(0 <= place["x"] and place["x"] + place["w"] <= WIDTH_MAX for place in places)
    assert all(apart(place, other) for place, other in combinations(places, 2))


def test_each_panel_says_what_it_shows(made: dict[str, Any]) -> None:
    """A reader at night needs a title, a unit and a sentence."""
    for panel in panels(made):
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"] in {"short", "s", "ops", "percentunit", "bytes"}
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"]) > 0


def test_queries_and_rules_are_about_metrics_that_exist() -> None:
    """A metric that is renamed takes them along; a misspelt one is found here."""
    used = {name for expr in expressions() for name in metrics_of(expr)}

    assert set() == used - KNOWN


def test_every_metric_is_shown() -> None:
    """A metric that no panel shows should not be scraped."""
    shown = {name for query in queries() for name in metrics_of(query.expr)}

    assert set() == KNOWN - shown


def test_every_variable_in_a_query_is_known() -> None:
    """What is not filled in would match nothing."""
    assert [] == [query.expr for query in queries() if "$" in asked(query.expr)]


def expressions() -> list[str]:
    """All that Prometheus is asked."""
    return (
        [query.expr for query in queries()] + [alert.expr for alert in ALERTS] + [record.expr for record in RECORDS]
    )


def test_what_is_recorded_is_read_and_what_is_read_is_recorded() -> None:
    """A misspelt name would be an empty panel, or an alert that never fires."""
    read = {name for expr in expressions() for name in re.findall(r"\bcodes:[\w:]+", expr)}

    assert {record.name for record in RECORDS} == read
