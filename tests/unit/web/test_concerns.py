"""What receivers of webhooks are sent of what needs attention: by campaign; nothing while something is unknown."""

from typing import Any

import pytest

from consumers.inventory.role import Lags
from consumers.inventory.view import InventoryView
from schemas.attention import NOTICE, Mark, Notice
from schemas.topics import ATTENTION
from tests.fakes.filled_view import NOW, FilledView
from web.concerns import concerns_of
from web.stream import Streams

KEY = f"{NOTICE}ops:health:worker"


@pytest.fixture
def filled() -> FilledView:
    """Three campaigns: one has a failed import, one a dead letter, one neither; a dead letter of nobody."""
    found = FilledView()
    found.imported("i-1", "failed", campaign_id="spring-1")
    found.rejected("spring-2", "invalid")
    found.imported("i-2", "failed", campaign_id="summer")
    found.dead_letter("not_json")
    return found


def subjects(filled: FilledView, *patterns: str) -> list[str] | None:
    """Of the items that these patterns select."""
    streams = Streams(filled.view, lags := Lags(now=[]), filled.topics, 1)
    found = concerns_of(streams.judge, filled.view, lags)(patterns)
    return None if found is None else sorted(concern.subject for concern in found)


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (("*",), ["dead-letters:", "import:i-1", "import:i-2"]),
        (("spring-*",), ["dead-letters:spring-2", "import:i-1"]),
        (("summer", "none"), ["import:i-2"]),
        (("none",), []),
    ],
)
def test_a_receiver_of_campaigns_gets_their_items(
    filled: FilledView, patterns: tuple[str, ...], expected: list[str]
) -> None:
    """Dead letters too, each campaign's as an item of its own; those of all together only for all campaigns."""
    assert expected == subjects(filled, *patterns)


def test_health_is_for_everybody(filled: FilledView) -> None:
    """It is about no campaign."""
    filled.beats("worker", "importer", "expirer", seconds=5)
    filled.beats("worker", "importer", "expirer", seconds=2, mongo=filled.now)

    assert ["health:mongodb"] == subjects(filled, "none")


def test_nothing_is_known_to_be_over_while_something_is_not_read(filled: FilledView) -> None:
    """At the start, and while Kafka does not say the lags."""
    streams = Streams(filled.view, Lags(), filled.topics, 1)
    without_lags = concerns_of(streams.judge, filled.view, Lags())(["*"])
    filled.view.is_loaded = False

    assert (None, None) == (without_lags, subjects(filled, "*"))


def test_a_snooze_that_is_over_is_still_known(filled: FilledView) -> None:
    """It is why the item is sent again."""
    mark = Mark(key="import:i-1:failed", action="snoozed", by="me", until=NOW, at=NOW)
    filled.view.marked(mark.key, mark)
    streams = Streams(filled.view, lags := Lags(now=[]), filled.topics, 1)
    [concern] = concerns_of(streams.judge, filled.view, lags)(["spring-1"]) or []

    assert (mark, False) == (concern.mark, concern.is_quiet(NOW))


def a_notice(**more: Any) -> Notice:
    names = {"id": "n", "webhook": "ops", "subject": "health:worker", "key": "k", "title": "t", "detail": "d"}
    state = {"event": "begins", "kind": "health", "level": "gone", "at": NOW, "state": "taken"}
    return Notice.model_validate({**names, **state, **more})


def test_the_view_has_the_last_notice_of_each_item(filled: FilledView) -> None:
    """By receiver; a tombstone takes it back. No notice is a mark, and an unreadable one changes nothing."""
    topic = filled.topics.full(ATTENTION)
    view: InventoryView = filled.view
    for notice in (a_notice(state="waiting"), a_notice(), a_notice(webhook="sales")):
        filled.record(topic, notice.to_json(), key=notice.record_key.encode())
    filled.record(topic, b"{}", key=KEY.encode())
    known = view.notices.of("ops")
    filled.record(topic, None, key=KEY.encode())

    assert {"health:worker": a_notice()} == known
    assert ({}, ["sales"]) == (
        view.notices.of("ops"),
        [notice.webhook for notice in view.notices.of("sales").values()],
    )
    assert {} == view.marks
