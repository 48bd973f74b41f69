"""`codes metrics`: all metrics, their meaning, and what to do when they change.

Out:      a table, JSON, or the Markdown of docs/metrics.md.
"""

import json
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from ops.telemetry.metric_spec import Spec

MARKDOWN_HEAD: Final = """\
# Metrics

Every role serves these on its ops port under `/metrics`, in Prometheus's text format. They are declared in
`ops/telemetry/metrics/`; `codes metrics --docs` generates this file.

- Labels never hold a code, fan or request. `campaign` has a bounded number of values.
- An unknown value has no series. So an alert on lag needs a second alert, on absent lag.
- A histogram has series with the suffixes `_bucket`, `_sum` and `_count`. `/metrics` is OpenMetrics for whoever asks
  for it, as Prometheus does; only then it has exemplars.
- Each series exists from the start of its process, with 0: `increase` also sees the first event. Labels of topics
  begin with those that the role serves.
- `codes_answer_seconds` and `codes_objective_*` are the workers', `codes_canary_*` the canary's. Each process also
  has `process_*`, as every program with Prometheus's client.
- To compare roles, join with the label `role` of `codes_build_info`. Partitions are labels only where one of them can
  be at fault.
- `codes_consumer_*` exist for the partitions that a process serves, and disappear when it loses them: two processes
  report the same partition only during a rebalance.
- The log end offset of each partition is queried every 2 seconds, also while a batch waits for the database. After
  30 seconds without an answer the lag in records is unknown. The age of a record in progress does not depend on the
  broker.
- Lag is counted up to the last stable offset, which is as far as a `read_committed` consumer can read. The position
  moves past transaction markers as soon as they are read, so a partition that is fully consumed has lag 0.
- Ages are the difference between a record's timestamp, which the broker sets, and this process's clock.

| metric | type | labels | meaning | what to do |
|---|---|---|---|---|
"""


def metrics(
    json_: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
    docs: Annotated[bool, typer.Option("--docs", help="Print docs/metrics.md.")] = False,
) -> None:
    """Show all metrics: their meaning, and what to do when they change."""
    from ops.telemetry.metrics import SPECS

    if docs:
        typer.echo(markdown(), nl=False)
    elif json_:
        typer.echo(json.dumps([fields(spec) for spec in SPECS], indent=2))
    else:
        _print([fields(spec) for spec in SPECS])


def markdown() -> str:
    """The text of docs/metrics.md."""
    from ops.telemetry.metrics import SPECS

    return MARKDOWN_HEAD + "".join(
        f"| `{spec.name}` | {spec.kind} | {_labels(spec)} | {spec.meaning} | {spec.remedy} |\n" for spec in SPECS
    )


def fields(spec: "Spec[Any]") -> dict[str, Any]:
    return {
        "name": spec.name,
        "type": spec.kind,
        "labels": list(spec.labels),
        "meaning": spec.meaning,
        "remedy": spec.remedy,
    }


def _labels(spec: "Spec[Any]") -> str:
    return ", ".join(f"`{label}`" for label in spec.labels)


def _print(metrics: list[dict[str, Any]]) -> None:
    from rich.table import Table
    from rich.text import Text

    from cli.commands.printing import table_console

    table = Table("metric", "type", "labels", "meaning", "what to do", box=None, pad_edge=False)
    table.columns[0].no_wrap = True
    for metric in metrics:
        cells = (metric["name"], metric["type"], " ".join(metric["labels"]), metric["meaning"], metric["remedy"])
        table.add_row(*(Text(cell, overflow="fold") for cell in cells))
    table_console().print(table)
