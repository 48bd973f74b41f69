"""Summary of the demo: tables for people, then one line for scripts.

In:       an outcome.
Out:      text; never a code's value.
"""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from cli.demo.run import Outcome

FINDINGS_SHOWN = 20


def print_summary(outcome: Outcome, console: Console) -> None:
    """Print imports, outcomes, refusals, and the audit's findings."""
    for table in (imports(outcome), outcomes(outcome)):
        console.print(table)
        console.print()
    for claim in outcome.report.checked:
        console.print(f"audited: {claim}", markup=False, highlight=False, soft_wrap=True)
    for reason in (*outcome.report.left_out, *outcome.report.not_judged):
        console.print(f"not audited: {reason}", markup=False, highlight=False, soft_wrap=True)
    for complaint in complaints(outcome):
        console.print(complaint, style="red", markup=False, highlight=False, soft_wrap=True)


def imports(outcome: Outcome) -> Table:
    columns = ("state", "rows_read", "inserted", "duplicates", "rejected", "reason")
    table = Table("import", *columns, box=None, pad_edge=False)
    for import_id, event in sorted(outcome.received.imports.items()):
        table.add_row(import_id, *("" if event[name] is None else str(event[name]) for name in columns))
    return table


def outcomes(outcome: Outcome) -> Table:
    """One row per outcome; refusals by reason."""
    tally = outcome.report.tally
    table = Table("requests", str(tally.requests), box=None, pad_edge=False)
    for name in ("reserved", "assigned", "released", "expired", "refused"):
        table.add_row(name, str(getattr(tally, name)))
    for reason, count in outcome.received.refusals.most_common():
        table.add_row(f"  {reason}", str(count), style="dim")
    table.add_row("dead letters", str(tally.dead_letters))
    return table


def complaints(outcome: Outcome) -> Iterator[str]:
    """Troubles of the demo, then the audit's findings."""
    yield from outcome.troubles
    findings = outcome.report.findings
    for finding in findings[:FINDINGS_SHOWN]:
        yield f"{finding.kind}: {finding.what}"
    if len(findings) > FINDINGS_SHOWN:
        yield f"and {len(findings) - FINDINGS_SHOWN} more findings"


def fields_of(outcome: Outcome) -> dict[str, Any]:
    """The same for scripts: the imports, the refusals, the audit's report."""
    return {
        **figures_of(outcome),
        "seconds": round(outcome.seconds, 1),
        "imports": [dict(event) for _, event in sorted(outcome.received.imports.items())],
        "refusals": dict(outcome.received.refusals),
        "troubles": list(outcome.troubles),
        "audit": asdict(outcome.report),
    }


def last_line(outcome: Outcome) -> str:
    figures = " ".join(f"{name}={count}" for name, count in figures_of(outcome).items())
    return f"demo: {figures} seconds={outcome.seconds:.1f}"


def figures_of(outcome: Outcome) -> dict[str, int]:
    report = outcome.report
    names = ("requests", "results", "reserved", "assigned", "released", "expired", "refused", "dead_letters")
    counted = {name: getattr(report.tally, name) for name in names}
    found = {"lost": report.count("lost"), "doubled": report.count("doubled"), "drift": report.count("drift")}
    return counted | found
