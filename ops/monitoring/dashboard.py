"""The dashboard as the JSON that Grafana imports.

In:       `ops.monitoring.rows.ROWS`.
Out:      `dashboard_json`.
Promise:  no data source is named: a variable picks it. The same rows give the same bytes.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from ops.monitoring.panel import WIDTH_MAX, Panel, Query, Row
from ops.telemetry.metrics.process import BUILD, INVENTORY_CODES

UID: Final = "code-service"
SCHEMA_VERSION: Final = 39
"""Of Grafana 11; later ones read it too."""
ROW_HEIGHT: Final = 1
HEIGHT: Final = {"stat": 4, "timeseries": 8, "bargauge": 8, "table": 8}
DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
GREEN, ORANGE, RED = "green", "orange", "red"

Json = dict[str, Any]


def dashboard_json(rows: Sequence[Row]) -> str:
    """The file."""
    return json.dumps(dashboard(rows), indent=2, ensure_ascii=False) + "\n"


def dashboard(rows: Sequence[Row]) -> Json:
    """The dashboard as Grafana knows it."""
    return {
        "uid": UID,
        "title": "code-service",
        "description": "Made by `codes monitoring`: change ops/monitoring/, not this file.",
        "tags": ["codes"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timepicker": {},
        "timezone": "",
        "annotations": {"list": []},
        "links": [],
        "templating": {"list": variables()},
        "panels": list(_placed(rows)),
    }


def variables() -> list[Json]:
    """What a reader picks by; where a label is nowhere, `All` lets everything through."""
    source = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}
    namespace = 'namespace=~"$namespace"'
    return [
        {**source, "hide": 0, "refresh": 1, "regex": "", "multi": False, "includeAll": False, "options": []},
        _variable("namespace", BUILD.name),
        _variable("job", f"{BUILD.name}{{{namespace}}}"),
        _variable("instance", f'{BUILD.name}{{{namespace}, job=~"$job"}}'),
        _variable("campaign", f"{INVENTORY_CODES.name}{{{namespace}}}"),
    ]


def _variable(label: str, series: str) -> Json:
    query = f"label_values({series}, {label})"
    return {
        "name": label,
        "label": label.capitalize(),
        "type": "query",
        "datasource": DATASOURCE,
        "definition": query,
        "query": {"query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"},
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "hide": 0,
        "regex": "",
        "options": [],
    }


def _placed(rows: Sequence[Row]) -> Iterator[Json]:
    """Each row's headline, and its panels from left to right, in lines as wide as the grid."""
    top, ident = 0, 1
    for row in rows:
        yield _headline(row.title, ident, top)
        top, ident = top + ROW_HEIGHT, ident + 1
        left, tallest = 0, 0
        for panel in row.panels:
            if left + panel.width > WIDTH_MAX:
                left, top, tallest = 0, top + tallest, 0
            yield _panel(panel, ident, left, top)
            left, tallest, ident = left + panel.width, max(tallest, HEIGHT[panel.kind]), ident + 1
        top += tallest


def _headline(title: str, ident: int, top: int) -> Json:
    place = {"h": ROW_HEIGHT, "w": WIDTH_MAX, "x": 0, "y": top}
    return {"id": ident, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}


def _panel(panel: Panel, ident: int, left: int, top: int) -> Json:
    return {
        "id": ident,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "gridPos": {"h": HEIGHT[panel.kind], "w": panel.width, "x": left, "y": top},
        "targets": [_target(query, panel, number) for number, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": _field_defaults(panel), "overrides": []},
        "options": _options(panel),
    }


def _target(query: Query, panel: Panel, number: int) -> Json:
    at_once = panel.kind in {"table", "bargauge"}
    return {
        "refId": chr(ord("A") + number),
        "datasource": DATASOURCE,
        "editorMode": "code",
        "expr": query.expr,
        "legendFormat": query.legend or "__auto",
        "instant": at_once,
        "range": not at_once,
        "format": "table" if panel.kind == "table" else "time_series",
    }


def _field_defaults(panel: Panel) -> Json:
    limits = ((ORANGE, panel.orange_from), (RED, panel.red_from))
    steps = [{"color": GREEN, "value": None}, *({"color": c, "value": at} for c, at in limits if at is not None)]
    found: Json = {"unit": panel.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}}
    if panel.kind == "timeseries":
        stacking = {"mode": "normal" if panel.stacked else "none", "group": "A"}
        fill = 40 if panel.stacked else 10
        found["custom"] = {"drawStyle": "line", "fillOpacity": fill, "showPoints": "never", "stacking": stacking}
    return found


def _options(panel: Panel) -> Json:
    last = {"calcs": ["lastNotNull"], "fields": "", "values": False}
    if panel.kind == "timeseries":
        legend = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
        return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}
    if panel.kind == "stat":
        return {"reduceOptions": last, "colorMode": "background", "graphMode": "area", "textMode": "auto"}
    if panel.kind == "bargauge":
        return {"reduceOptions": last, "displayMode": "basic", "orientation": "horizontal", "showUnfilled": True}
    return {"showHeader": True, "cellHeight": "sm"}
