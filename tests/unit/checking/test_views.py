"""Views and alerts: a good history passes, and each rule finds the history that breaks it."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from tests.checking.check import check
from tests.checking.history import History, Logged
from tests.unit.checking.stories import small

LIMITS: Final = (0.0, 3)
"""Low at 3 available codes."""


def alert(ce_id: str, level: str, available: int, code_type: str = "tm", total: int = 7, **more: Any) -> Logged:
    """An alert."""
    kind = {"campaign_id": "c-1", "code_type": code_type, "level": level, "threshold": 3}
    body = json.dumps({**kind, "available": available, "total": total, **more}).encode()
    return Logged("stock-alerts.v1", 0, 0, 0, b"c-1", body, (("ce_id", ce_id.encode()),), 60.0)


FEW: Final = alert("few", "low", 2, "external", total=2)
LOW: Final = alert("low", "low", 3)
OUT: Final = alert("out", "exhausted", 0)
"""What the small history asks for, in this order for each code type."""


def watched(*alerts: Logged) -> History:
    """The small history with two views and these alerts."""
    history = small().history()
    counts = Counter((code["campaign_id"], code["code_type"], code["status"]) for code in history.documents["codes"])
    views = {"inventory-0": counts, "inventory-1": counts}
    return replace(history, outputs=[*history.outputs, *alerts], views=views, stock_limits=LIMITS)


def test_true_views_and_alerts_break_no_rule() -> None:
    """The former owner of a partition may send an alert again, after later ones."""
    assert [] == check(watched(FEW, LOW, OUT))
    assert [] == check(watched(LOW, OUT, FEW, LOW))


def test_a_history_without_views_needs_no_alerts() -> None:
    """Nobody was there to send them."""
    assert [] == check(replace(watched(), views={}))


def miscounted() -> History:
    """A view that has not seen the last event."""
    history = watched(FEW, LOW, OUT)
    late = Counter(history.views["inventory-1"]) + Counter({("c-1", "external", "available"): 1})
    return replace(history, views={**history.views, "inventory-1": late})


FORGED: Final[dict[str, tuple[str, Callable[[], History]]]] = {
    "a view that is behind": ("view_differs", miscounted),
    "another body under one id": ("different_alerts", lambda: watched(FEW, LOW, OUT, alert("low", "low", 2))),
    "no alert at all": ("alert_missing", watched),
    "the last one is missing": ("alert_missing", lambda: watched(FEW, LOW)),
    "the same crossing twice": ("alert_unfounded", lambda: watched(FEW, LOW, OUT, alert("again", "low", 3))),
    "never that many": ("alert_unfounded", lambda: watched(FEW, LOW, OUT, alert("more", "recovered", 9))),
    "another order": ("alert_order", lambda: watched(FEW, OUT, LOW)),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_history_breaks_the_rule_that_names_it(name: str) -> None:
    """One defect, one rule."""
    rule, forge = FORGED[name]

    assert {rule} == {violation.rule for violation in check(forge())}


@pytest.mark.parametrize("figures", [{"threshold": 4}, {"available": 2}, {"level": "exhausted"}])
def test_an_alert_with_other_figures_is_unfounded(figures: dict[str, Any]) -> None:
    """And the one with the true figures is missing."""
    forged = replace(LOW, value=json.dumps({**json.loads(LOW.value or b""), **figures}).encode())

    assert {"alert_missing", "alert_unfounded"} == {violation.rule for violation in check(watched(FEW, forged, OUT))}
