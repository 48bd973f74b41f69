"""What a million requests cost: CPU time from the results, bytes from the records themselves.

In:       rows of the report.
Out:      the tables of `docs/decide.md`, between their marks.
Promise:  pure. The same rows give the same tables; a work that was not measured is named, not guessed.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from benchmarks.load import Kind, Load, records
from benchmarks.reference.ready import ready
from schemas.topics import RESULTS

PARTITIONS: Final = 4
"""Of the rows that are taken: each work has them."""
WORKER: Final = "worker"
BEGIN: Final = "<!-- costs: written by python -m benchmarks.page -->"
END: Final = "<!-- end of the costs -->"
PARTS: Final = {WORKER: "workers", "database": "database", "kafka": "Kafka"}
KINDS: Final = (Kind.RESERVE, Kind.ASSIGN, Kind.RELEASE)
SALE: Final[Mapping[Kind, int]] = {Kind.RESERVE: 1_000_000, Kind.ASSIGN: 800_000, Kind.RELEASE: 200_000}
"""A million fans; one in five does not buy."""
HOUR_US: Final = 3_600_000_000
MB: Final = 1_000_000
NAME: Final = "spring-sale-2026"
"""Ids as long as those of a real sale."""
AT: Final = datetime(2026, 11, 24, tzinfo=UTC)
CODE_ID: Final = "0" * 32


class Size(NamedTuple):
    """Bytes of one request, without what protocols, batches, indexes and replicas add."""

    request: int
    result: int
    event: int
    """The assigned event of its code; 0 if it has none."""
    stored: int
    """New in the database: the ledger's entry, and the reservation of a reserve."""


def cpu_of(rows: Sequence[Mapping[str, Any]], kind: Kind) -> Mapping[str, int] | None:
    """Microseconds of each part for one request; None if that was not measured."""
    wanted = (kind, WORKER, PARTITIONS)
    found = next((row for row in rows if (row["work"], row["system"], row.get("partitions")) == wanted), None)
    return None if found is None else found["cpu_us"]


def size_of(kind: Kind) -> Size:
    """The bytes of a request and of what it causes."""
    record = next(records(Load(kind, tag=NAME, count=1, partitions=1, campaigns=(NAME,))))
    made = ready(record, CODE_ID if kind is Kind.RESERVE else None, AT)
    outputs = {output.topic: bytes_of(output.key, output.value, output.headers) for output in made.outputs}
    result = outputs.pop(RESULTS.name)
    documents = filter(None, (made.entry, made.reservation))
    return Size(
        request=bytes_of(record.fan_id.encode(), record.value, ()),
        result=result,
        event=sum(outputs.values()),
        stored=sum(len(document.raw) for document in documents),
    )


def bytes_of(key: bytes, value: bytes, headers: Sequence[tuple[str, bytes]]) -> int:
    """Of one record."""
    return len(key) + len(value) + sum(len(name) + len(content) for name, content in headers)


def costs(report: Mapping[str, Any]) -> str:
    """All tables."""
    found = {kind: cpu_of(report["rows"], kind) for kind in (*KINDS, Kind.MIX)}
    measured = {kind: cpu for kind, cpu in found.items() if cpu is not None}
    missing = [f"`{kind}`" for kind, cpu in found.items() if cpu is None]
    machine = f"{report['machine']}, {report['database']}"
    lines = [
        f"CPU seconds for a million requests, on {PARTITIONS} partitions of one worker ({machine}):",
        "",
        *cpu_table(measured),
        *(["", f"Not in the latest results: {', '.join(missing)}."] if missing else []),
        "",
        "Megabytes for a million requests, before compression, indexes and replicas:",
        "",
        *size_table(),
        "",
        *example(measured),
    ]
    return "\n".join(lines)


def cpu_table(measured: Mapping[Kind, Mapping[str, int]]) -> list[str]:
    """A microsecond a request is a second a million."""
    rows = [
        f"| {kind} | " + " | ".join(f"{cpu[part]:,}" for part in PARTS) + f" | {sum(cpu[part] for part in PARTS):,} |"
        for kind, cpu in measured.items()
    ]
    return [f"| requests | {' | '.join(PARTS.values())} | together |", "|---|---|---|---|---|", *rows]


def size_table() -> list[str]:
    """A byte a request is a megabyte a million."""
    rows = [
        f"| {kind} | {size.request:,} | {size.result:,} | {size.event:,} | {size.stored:,} |"
        for kind, size in ((kind, size_of(kind)) for kind in KINDS)
    ]
    head = "| requests | sent to Kafka | results | assigned events | stored in MongoDB |"
    return [head, "|---|---|---|---|---|", *rows]


def example(measured: Mapping[Kind, Mapping[str, int]]) -> list[str]:
    """A sale, with prices to be filled in."""
    said = ", ".join(f"{count:,} {kind}s" for kind, count in SALE.items())
    lines = [f"Example: {said}.", "", "| what | amount | times |", "|---|---|---|"]
    if measured.keys() >= SALE.keys():
        lines += [
            f"| CPU of {name} | {hours_of(measured, part):.3f} core-hours | your price of a core-hour |"
            for part, name in PARTS.items()
        ]
    sizes = {kind: size_of(kind) for kind in SALE}
    kafka_mb = sum(count * sum(sizes[kind][:3]) for kind, count in SALE.items()) / MB
    stored_mb = sum(count * sizes[kind].stored for kind, count in SALE.items()) / MB
    return [
        *lines,
        f"| Kafka, stored | {kafka_mb:,.0f} MB | replicas, your price of storage for the retention |",
        f"| MongoDB, stored | {stored_mb:,.0f} MB, with indexes about twice | nodes, your price of storage |",
    ]


def hours_of(measured: Mapping[Kind, Mapping[str, int]], part: str) -> float:
    """Core-hours of the example's sale."""
    return sum(count * measured[kind][part] for kind, count in SALE.items()) / HOUR_US


def with_costs(page: str, report: Mapping[str, Any]) -> str:
    """The page with the tables between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{costs(report)}\n\n{END}{after}"
