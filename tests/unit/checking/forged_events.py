"""Forged events: the rule that each breaks, and the edit.

Out:  `FORGED_EVENTS`, by what is wrong.
"""

from collections.abc import Callable
from typing import Final

from tests.checking.history import History
from tests.unit.checking.forging import (
    again,
    code_of,
    document,
    last_said,
    lost,
    own_code,
    says,
    shard_said,
)

IMPORTS: Final = "c-1:tm:import.commands.v1.0"
RESERVES: Final = "c-1:tm:reserve.requests.v1.0"
Forge = Callable[[History], History]


def event_twice_with_other_counts(history: History) -> History:
    """Two events of one version."""
    return again(history, says("inventory.v1", shard="reserve.requests.v1.0", version=2), available=-99, reserved=99)


FORGED_EVENTS: Final[dict[str, tuple[str, Forge]]] = {
    "a lost assigned event": (
        "assigned_event_missing",
        lambda good: lost(good, says("assigned.v1", request_id="g-3")),
    ),
    "a doubled assigned event": (
        "assigned_event_twice",
        lambda good: again(good, says("assigned.v1", request_id="g-3")),
    ),
    "an assigned event with the wrong fan": (
        "assigned_event_wrong",
        lambda good: last_said(good, says("assigned.v1", request_id="g-3"), fan_id="f-1"),
    ),
    "an assigned event with another code": (
        "assigned_event_wrong",
        lambda good: last_said(good, says("assigned.v1", request_id="g-3"), code=own_code(good)),
    ),
    "an assigned event of a held code": (
        "assigned_event_unasked",
        lambda good: again(good, says("assigned.v1", request_id="g-3"), code_id=code_of(good, "r-5")),
    ),
    "a negative sum": ("negative_count", lambda good: shard_said(good, IMPORTS, available=-50)),
    "a worker that lost a code": (
        "shard_unbalanced",
        lambda good: last_said(good, says("inventory.v1", shard="reserve.requests.v1.0", version=2), available=0),
    ),
    "a sum that is not the number of codes": (
        "shards_differ_from_codes",
        lambda good: shard_said(good, IMPORTS, available=1),
    ),
    "a shard behind its event": (
        "shard_differs_from_events",
        lambda good: document(good, "inventory", RESERVES, version=1),
    ),
    "a version with two contents": ("shard_version_twice", event_twice_with_other_counts),
    "a version that was not published": (
        "shard_version_gap",
        lambda good: lost(good, says("inventory.v1", shard="reserve.requests.v1.0", version=2)),
    ),
}
