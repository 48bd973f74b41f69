"""`codes metrics`: every metric, what it means, and what to do when it moves.

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
`ops/telemetry/metrics/`; this file is made by `codes metrics --docs`.

- Labels never hold a code, fan or request. `campaign` has a bounded number of values.
- What is not known has no series. So an alert on lag needs a second one, on lag that is absent.
- A histogram has `_bucket`, `_sum` and `_count` behind its name.
- `codes_consumer_*` exist for the partitions that a process serves, and vanish from it with them: no two processes
  report the same partition for longer than a rebalance takes.
- The end of each log is asked for every 2 seconds, also while a batch waits for a database. After 30 seconds without
  an answer the lag in records is unknown. The age of a record in hand is known without the broker.
- Lag counts up to the last stable offset, as far as a `read_committed` consumer can read. A position passes
  transaction markers as soon as they are read, so a partition that is caught up has lag 0.
- Ages compare a record's timestamp, which the broker gives, with this process's clock.

| metric | type | labels | meaning | what to do |
|---|---|---|---|---|
"""


def metrics(
    json_: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
    docs: Annotated[bool, typer.Option("--docs", help="Print docs/metrics.md.")] = False,
) -> None:
    """Show every metric: what it means, and what to do when it moves."""
    from ops.telemetry.metrics import SPECS

    if docs:
        typer.echo(markdown(), nl=False)
    elif json_:
        typer.echo(json.dumps([fields(spec) for spec in SPECS], indent=2))
    else:
        _print([fields(spec) for spec in SPECS])


def markdown() -> str:
    """docs/metrics.md."""
    from ops.telemetry.metrics import SPECS

    return MARKDOWN_HEAD + "".join(
        f"| `{spec.name}` | {spec.kind} | {_labels(spec)} | {spec.meaning} | {spec.remedy} |\n" for spec in SPECS
    )


def fields(spec: "Spec[Any]") -> dict[str, Any]:
    """One metric as it is shown."""
    return {
        "name": spec.name,
        "type": spec.kind,
        "labels": list(spec.labels),
        "meaning": spec.meaning,
        "remedy": spec.remedy,
    }


def _labels(spec: "Spec[Any]") -> str:
    return ", ".join(f"`{label}`" for label in spec.labels)


def _print(shown: list[dict[str, Any]]) -> None:
    from rich.table import Table
    from rich.text import Text

    from cli.commands.printing import table_console

    table = Table("metric", "type", "labels", "meaning", "what to do", box=None, pad_edge=False)
    table.columns[0].no_wrap = True
    for one in shown:
        cells = (one["name"], one["type"], " ".join(one["labels"]), one["meaning"], one["remedy"])
        table.add_row(*(Text(cell, overflow="fold") for cell in cells))
    table_console().print(table)
