"""Keeps the judgements of one process current: health, and what needs attention.

In:       the view, the lags.
Out:      `health` and `attention`; a new revision of the view whenever one of them has changed.
Promise:  judged here, by what happened, and not by how long a viewer has been watching. The cost does not depend on
          the number of viewers: only campaigns that changed are looked at again.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from consumers.inventory.role import Lags
from consumers.inventory.view import InventoryView
from handlers.inventory.health import SILENT_S, without_kafka
from schemas.health import Finding, HealthState, Subject
from schemas.topics import Topics
from web.access import EVERYTHING, Access
from web.answers import counted, dead_letter_counts, import_list, lag_list, narrowed
from web.attention import Seen, concerns, of_stock, ordered
from web.campaigns import Campaigns
from web.judgements import AttentionItem, AttentionList, HealthItem, HealthReport
from web.models import DeadLetterCounts

START_S: Final = 10.0
"""For the first heartbeat after the start, while clients connect; later silence is judged by `SILENT_S`."""
LEVEL_ITEMS_MAX: Final = 100
"""Items of each level in one answer, the most urgent ones: a level with many items must not hide another."""
HOUR_S: Final = 3_600


class Judge:
    """The judgements of one view. `empty_within_s`: a stock that is empty within this time needs attention."""

    def __init__(
        self, view: InventoryView, lags: Lags, topics: Topics, campaigns: Campaigns, empty_within_s: float = HOUR_S
    ) -> None:
        self.health = HealthReport(loading=True, items=[])
        self.attention = AttentionList(items=[], open=0)
        """What whoever sees all campaigns is answered."""
        self._items: Sequence[AttentionItem] = ()
        """All of them, also those above the limit of a level."""
        self._view = view
        self._lags = lags
        self._topics = topics
        self._campaigns = campaigns
        self._empty_within_s = empty_within_s
        self._stocks: dict[str, list[AttentionItem]] = {}
        self._revision = -1
        self._imports_at = -1
        self.imports = import_list(view)
        """As of the last change; running ones are measured again every few seconds."""
        self._states: dict[Subject, tuple[HealthState, datetime | None]] = {}

    def refresh(self) -> None:
        """Judge again; the view's revision moves if anything has changed."""
        now = self._view.clock()
        health = HealthReport(loading=not self._view.is_loaded, items=self._health_items(now))
        if health != self.health:
            self.health = health
            self._view.note_change("health")
        if self._view.part_changed("imports", self._imports_at):
            self.imports, self._imports_at = import_list(self._view), self._view.revision
        self._judge_changed_stocks()
        items, are_open = self._items_at(now, EVERYTHING)
        if items != self._items:
            self._items, self.attention = items, AttentionList(items=list(limited(items)), open=are_open)
            self._view.note_change("attention")

    def attention_of(self, access: Access) -> AttentionList:
        """What needs attention and may be seen: as if there were no other campaigns."""
        if access.is_whole:
            return self.attention
        items, are_open = self._items_at(self._view.clock(), access)
        return AttentionList(items=list(limited(items)), open=are_open)

    def items_of(self, access: Access) -> Sequence[AttentionItem]:
        """The same, without a limit of items."""
        return self._items if access.is_whole else self._items_at(self._view.clock(), access)[0]

    def _health_items(self, now: datetime) -> list[HealthItem]:
        return [self._item(finding, now) for finding in self._findings(now)]

    def _findings(self, now: datetime) -> list[Finding]:
        view = self._view
        has_heard = view.beats.latest_at is not None
        if now - view.heard_at > timedelta(seconds=SILENT_S if has_heard else START_S):
            return list(without_kafka(view.heard_at))
        return view.beats.findings() if has_heard and view.is_loaded else list(loading())

    def _item(self, finding: Finding, now: datetime) -> HealthItem:
        """With the instant at which this state began, where the heartbeats do not say it and it was seen here."""
        state, since = self._states.get(finding.subject, (None, None))
        if state != finding.state:
            since = None if state in {None, "unknown"} else now
            self._states[finding.subject] = (finding.state, since)
        return HealthItem(
            name=finding.subject,
            state=finding.state,
            since=finding.since or since,
            processes=finding.processes,
            detail=finding.detail,
        )

    def _items_at(self, now: datetime, access: Access) -> tuple[Sequence[AttentionItem], int]:
        seen = Seen(
            self.health,
            narrowed(self.imports, access),
            lag_list(self._lags, self._topics),
            self.imports.running > 0,
            self._dead_letters(now, access),
            now,
        )
        names = self._stocks if access.campaigns is None else access.campaigns
        stocks = (item for name in names for item in self._stocks.get(name, ()))
        return ordered([*concerns(seen), *stocks], self._view.marks, now)

    def _dead_letters(self, now: datetime, access: Access) -> Mapping[str | None, DeadLetterCounts]:
        if access.campaigns is None:
            return {None: dead_letter_counts(self._view, access)}
        found = self._view.dead_letters.of(access.campaigns)
        return {campaign_id: counted([tally], now) for campaign_id, tally in found.items()}

    def _judge_changed_stocks(self) -> None:
        revision = self._view.revision
        for stock in self._view.changed_since(self._revision):
            items = list(of_stock(self._campaigns.get(stock).campaign, self._empty_within_s))
            if items:
                self._stocks[stock.campaign_id] = items
            else:
                self._stocks.pop(stock.campaign_id, None)
        self._revision = revision
        for name in [name for name in self._stocks if self._view.stock(name) is None]:
            del self._stocks[name]  # archived or purged


def limited(items: Sequence[AttentionItem]) -> Iterator[AttentionItem]:
    """At most `LEVEL_ITEMS_MAX` of each level, marked ones apart."""
    seen: Counter[tuple[str, bool]] = Counter()
    for item in items:
        group = item.level, item.mark is None
        seen[group] += 1
        if seen[group] <= LEVEL_ITEMS_MAX:
            yield item


def loading() -> list[Finding]:
    """Before the heartbeats are read nothing is known."""
    subjects: tuple[Subject, ...] = ("worker", "importer", "expirer", "mongodb", "kafka", "s3")
    return [Finding(subject, "unknown", "loading") for subject in subjects]
