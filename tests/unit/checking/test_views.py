"""Views and alerts: a good history passes, and each rule finds the history that breaks it."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest

from tests.checking.check import check
from tests.checking.history import History, Logged
from tests.unit.checking.stories import small

LIMITS: Final = (0.0, 3)
"""Low at 3 available codes. In the small history `external` ends with 2 of 2, and `tm` with none."""
FIGURES: Final = {
    "low": {"available": 3, "total": 7},
    "exhausted": {"available": 0, "total": 7},
    "recovered": {"available": 4, "total": 7},
}


def seen(history: History) -> Counter[tuple[str, str, str]]:
    """The counts that a view must show."""
    return Counter((code["campaign_id"], code["code_type"], code["status"]) for code in history.documents["codes"])


def alert(level: str, number: int, code_type: str = "external", **more: int) -> Logged:
    """An alert; `number` makes its `ce_id`."""
    kind = {"campaign_id": "c-1", "code_type": code_type, "level": level, "threshold": 3}
    body = json.dumps({**kind, **FIGURES[level], **more}).encode()
    return Logged("stock-alerts.v1", 0, number, 0, b"c-1", body, (("ce_id", f"{number}".encode()),), 60.0)


def watched(*alerts: Logged) -> History:
    """The small history with two views and these alerts."""
    history = small().history()
    views = {"inventory-0": seen(history), "inventory-1": seen(history)}
    return replace(history, outputs=[*history.outputs, *alerts], views=views, stock_limits=LIMITS)


OTHER: Final = alert("exhausted", 90, code_type="tm")
"""The other type's only alert."""


COURSES: Final = (
    ["low"],
    ["low", "recovered", "low"],
    ["exhausted"],
    ["exhausted", "recovered", "low"],
)


@pytest.mark.parametrize("levels", COURSES)
def test_true_views_and_alerts_break_no_rule(levels: list[str]) -> None:
    """A few codes after `exhausted` cause no alert; a crossing in each direction has one."""
    alerts = [alert(level, number) for number, level in enumerate(levels)]

    assert [] == check(watched(OTHER, *alerts))


def test_two_owners_may_send_the_same_alert() -> None:
    """The former owner is late: its alert comes after others."""
    assert [] == check(watched(OTHER, alert("low", 1), alert("exhausted", 2), alert("low", 1)))


def miscounted(history: History) -> History:
    """A view that has not seen the last event."""
    late = history.views["inventory-1"] + Counter({("c-1", "external", "available"): 1})
    return replace(history, views={**history.views, "inventory-1": late})


FORGED: Final[dict[str, tuple[str, Callable[[], History]]]] = {
    "a view that is behind": ("view_differs", lambda: miscounted(watched(OTHER, alert("low", 1)))),
    "another body under one id": (
        "different_alerts",
        lambda: watched(OTHER, alert("low", 1), alert("low", 1, available=2)),
    ),
    "low with enough codes": ("alert_untrue", lambda: watched(OTHER, alert("low", 1, available=5))),
    "another threshold": ("alert_untrue", lambda: watched(OTHER, alert("low", 1, threshold=4))),
    "the same crossing twice": ("alert_order", lambda: watched(OTHER, alert("low", 1), alert("low", 2))),
    "low after exhausted": ("alert_order", lambda: watched(OTHER, alert("exhausted", 1), alert("low", 2))),
    "recovered from nothing": ("alert_order", lambda: watched(OTHER, alert("recovered", 1), alert("low", 2))),
    "nobody was told": ("alert_missing", lambda: watched(OTHER)),
    "recovered, though it is low": (
        "alert_missing",
        lambda: watched(OTHER, alert("low", 1), alert("recovered", 2)),
    ),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_history_breaks_the_rule_that_names_it(name: str) -> None:
    """One defect, one rule."""
    rule, forge = FORGED[name]

    assert {rule} == {violation.rule for violation in check(forge())}
