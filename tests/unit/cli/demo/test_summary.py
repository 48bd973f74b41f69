"""The demo's figures for scripts."""

import json
import re

from audit.report import AuditReport, Finding, Tally
from cli.demo.run import Outcome
from cli.demo.summary import fields_of, last_line
from cli.demo.watching import Received
from schemas.topics import Topics
from tests.places import ROOT


def test_the_keys_are_those_of_the_page() -> None:
    """And the figures are those of the last line."""
    report = AuditReport(Tally(requests=3, results=2), (Finding("lost", "a result"),), (), ())
    outcome = Outcome(report, Received(Topics("demo.")), (), 1.25, {})
    [row] = re.findall(r"^\| `codes demo` \|.*$", (ROOT / "docs/scripting.md").read_text(), re.MULTILINE)

    fields = json.loads(json.dumps(fields_of(outcome)))

    assert set(re.findall(r"`([a-z_]+)`", row)) == set(fields)
    assert (3, 1) == (fields["requests"], fields["lost"])
    assert last_line(outcome).startswith("demo: requests=3 results=2 ")
