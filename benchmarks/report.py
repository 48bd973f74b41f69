"""The results: kept in a file, shown as a table.

In:       rows of one work, as measured just now.
Out:      `results/latest.json` with them; a table for people.
Promise:  rows of other workloads stay unchanged; each row has its date and its database.
"""

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson
import psutil
from rich.table import Column, Table

RESULTS: Final = Path(__file__).parent / "results" / "latest.json"
GIB: Final = 1024**3

NOTHING: Final[tuple[object, ...]] = (None, "", {}, [])
SPREADS: Final = ("_min", "_max", "_spread")

Row = dict[str, Any]


def keep(out: Path, database: str, rows: Sequence[Row]) -> None:
    """Write rows to the file; they replace former rows of the same workloads.

    Each has the machine's load average: figures of a machine that did other things are no figures of the service.
    """
    said = {
        "database": database,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "load": round(psutil.getloadavg()[2], 1),
    }
    works = {row["work"] for row in rows}
    others = [row for row in kept(out) if row["work"] not in works]
    report = {"machine": machine(), **said, "rows": [*others, *({**row, **said} for row in rows)]}
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2) + b"\n")


def kept(out: Path) -> list[Row]:
    """The rows in the file; none if there is no file."""
    return list(orjson.loads(out.read_bytes())["rows"]) if out.exists() else []


def table_of(rows: Sequence[Mapping[str, Any]], database: str) -> Table:
    """The rows of one workload as a table, without columns that say nothing; a spread stands beside its median."""
    columns = columns_of(rows)
    table = Table(*(Column(name, overflow="fold") for name in columns), title=f"{database}, {machine()}")
    for row in rows:
        table.add_row(*(cell(row, name) for name in columns))
    return table


def columns_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The fields that say something."""
    names = dict.fromkeys(name for row in rows for name in row)
    return [name for name in names if not is_spread(name) and any(has(row, name) for row in rows)]


def has(row: Mapping[str, Any], name: str) -> bool:
    """Whether a row has this field; a zero is a figure."""
    return row.get(name) not in NOTHING


def is_spread(name: str) -> bool:
    """Whether a field belongs to the cell of another one."""
    return name.endswith(SPREADS)


def cell(row: Mapping[str, Any], name: str) -> str:
    """One field for people."""
    value = row.get(name)
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return "\n".join(f"{part} {figure}" for part, figure in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value))
    low, high = row.get(f"{name}_spread") or (row.get(f"{name}_min"), row.get(f"{name}_max"))
    return str(value) if low is None else f"{value}\n({low}-{high})"


def machine() -> str:
    """The machine of the run."""
    memory_gib = psutil.virtual_memory().total / GIB
    return (
        f"{psutil.cpu_count()} cores, {memory_gib:.0f} GiB, {platform.system()}, Python {platform.python_version()}"
    )
