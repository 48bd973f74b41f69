"""The counts of all campaigns, as every instance has them whichever of them counts: the source of all answers.

In:       records of the table's changelog, `inventory.v1`, `imports.v1`, `stock-alerts.v1`, `dead-letters.v1`,
          `dead-letters-replayed.v1`, `health.v1`, `attention.v1`.
Out:      stocks, motion, imports, alerts, dead letters, heartbeats, marks, notices; and which of them changed since a
          revision.
Promise:  a record that is read again, late or out of order changes nothing; an unreadable record is ignored.
          Bounded: see the limits here, and in `latest`, `letters` and `motion` of `handlers.inventory`.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import takewhile
from typing import Final

from pydantic import ValidationError

from consumers.decode import named_campaign
from handlers.inventory.changelog import Overwritten
from handlers.inventory.counts import folded, joined
from handlers.inventory.health import SESSION_S, Beats
from handlers.inventory.hours import KeptHours
from handlers.inventory.latest import Alerts, Imports
from handlers.inventory.letter_ids import LetterIds
from handlers.inventory.letters import DeadLetters
from handlers.inventory.marks import Notices, keep
from handlers.inventory.motion import LONGEST_WINDOW_S, Motion
from schemas.attention import Mark
from schemas.clock import utc_now
from schemas.events import ImportProgressed, InventoryChanged, StockAlert
from schemas.health import Heartbeat
from schemas.records import IncomingRecord
from schemas.stock import CampaignStock
from schemas.topics import (
    ATTENTION,
    DEAD_LETTERS,
    DEAD_LETTERS_REPLAYED,
    HEALTH,
    IMPORTS,
    INVENTORY,
    RECORD_BYTES_MAX,
    STOCK_ALERTS,
    Topics,
)

MOTIONS_MAX: Final = 1_000
"""Campaigns with rates and a history: those that moved last. Of the others only the counts are known."""
FORGOTTEN_MAX: Final = 10_000
"""Tombstones remembered: those that were read last."""
GRACE_S: Final = 15.0
"""A campaign at rest is sent once more after its rates are back at zero."""
PARTS: Final = ("imports", "alerts", "dead-letters", "health", "attention")

Take = Callable[[IncomingRecord], None]


class InventoryView:
    """Lives as long as its process. `clock`: the time, UTC. `session_s`: how long a group keeps a killed member."""

    def __init__(
        self,
        topics: Topics,
        changelog: str,
        *,
        clock: Callable[[], datetime] = utc_now,
        session_s: float = SESSION_S,
    ) -> None:
        self.imports = Imports()
        self.alerts = Alerts()
        self.dead_letters = DeadLetters()
        self.letter_ids = LetterIds()
        self.hours = KeptHours(MOTIONS_MAX)
        self.overwritten = Overwritten()
        self.beats = Beats(session_s)
        self.marks: dict[str, Mark] = {}
        """By key; the latest of each."""
        self.notices = Notices()
        self.is_loaded = False
        """Whether all that was on the topics at the start is here."""
        self.heard_at = clock()
        """When the last heartbeat of any process arrived, or this view was made."""
        self.clock = clock
        self.revision = 0
        self._stocks: OrderedDict[str, CampaignStock] = OrderedDict()
        self._motions: OrderedDict[str, Motion] = OrderedDict()
        self._changed: dict[str, int] = {}
        self._forgotten: OrderedDict[str, datetime] = OrderedDict()
        self._parts = dict.fromkeys(PARTS, 0)
        self._takers: dict[str, Take] = {
            changelog: self._take_stock,
            topics.full(INVENTORY): self._take_change,
            topics.full(IMPORTS): self._take_import,
            topics.full(STOCK_ALERTS): self._take_alert,
            topics.full(DEAD_LETTERS): self._take_dead_letter,
            topics.full(DEAD_LETTERS_REPLAYED): self._take_replay,
            topics.full(HEALTH): self._take_heartbeat,
            topics.full(ATTENTION): self._take_mark,
        }

    def take(self, record: IncomingRecord) -> None:
        """A record of any of the topics; an unreadable record is ignored."""
        if record.batch is not None:
            return
        try:
            self._takers[record.topic](record)
        except ValidationError:
            return

    def was_sent(self, ce_id: str) -> bool:
        """Whether an alert is on its topic."""
        return ce_id in self.alerts

    def stock(self, campaign_id: str) -> CampaignStock | None:
        """A campaign's counts."""
        return self._stocks.get(campaign_id)

    def stocks(self) -> list[CampaignStock]:
        """Of all campaigns."""
        return list(self._stocks.values())

    def motion(self, campaign_id: str) -> Motion:
        """How a campaign moved; empty for a campaign at rest."""
        return self._motions.get(campaign_id) or Motion()

    def changed_since(self, revision: int) -> Iterator[CampaignStock]:
        """Campaigns that changed after a revision, latest first."""
        latest = takewhile(lambda name: self._changed[name] > revision, reversed(self._stocks))
        return (self._stocks[name] for name in latest)

    def revision_of(self, campaign_id: str) -> int:
        """At which revision a campaign changed last."""
        return self._changed.get(campaign_id, 0)

    def part_changed(self, part: str, revision: int) -> bool:
        """Whether one of `PARTS` changed after a revision."""
        return self._parts[part] > revision

    def note_change(self, part: str) -> None:
        """What is concluded about a part has changed, without a record of its own."""
        self._part(part, is_news=True)

    def marked(self, key: str, mark: Mark | None) -> None:
        """A viewer has acknowledged or snoozed an item; None: has taken that back."""
        keep(self.marks, key, mark)

    def age(self) -> None:
        """Mark campaigns that move, or have just come to rest, as changed: their rates change without an event."""
        since = self.clock().timestamp() - LONGEST_WINDOW_S - GRACE_S
        for name in [name for name, motion in self._motions.items() if motion.moved_at_s > since]:
            self._touch(name)
        self._part("imports", is_news=self.imports.is_any_running())

    def _take_stock(self, record: IncomingRecord) -> None:
        if self.hours.take(record.key, record.value):
            return
        counted = None if record.value is None else CampaignStock.model_validate_json(record.value)
        self.overwritten.take((record.partition, record.key or b""), record.offset, counted)
        if counted is None:
            self._forget(record)
            return
        if self._is_forgotten(counted.campaign_id, counted.changed_at):
            return
        known = self._stocks.get(counted.campaign_id)
        stock = counted if known is None else joined(counted, known)
        if stock != known:
            self._keep(stock)

    def _take_change(self, record: IncomingRecord) -> None:
        event = InventoryChanged.model_validate_json(record.value or b"")
        if self._is_forgotten(event.campaign_id, event.changed_at):
            return
        motion = self._motions.setdefault(event.campaign_id, Motion())
        motion.add(event, self.clock())
        self._motions.move_to_end(event.campaign_id)
        if len(self._motions) > MOTIONS_MAX:
            self._motions.popitem(last=False)
        known = self._stocks.get(event.campaign_id)
        stock = folded(known, event)
        if stock is not known:
            self._keep(stock)

    def _forget(self, record: IncomingRecord) -> None:
        """Drop an archived or purged campaign, also what changed before the tombstone and is read after it."""
        campaign_id = (record.key or b"").decode(errors="replace")
        self._forgotten[campaign_id] = record.at
        self._forgotten.move_to_end(campaign_id)
        if len(self._forgotten) > FORGOTTEN_MAX:
            self._forgotten.popitem(last=False)
        known = self._stocks.get(campaign_id)
        if known is not None and known.changed_at <= record.at:
            self.revision += 1
            self.hours.forget(campaign_id)
            for kept in (self._stocks, self._motions, self._changed):
                kept.pop(campaign_id, None)

    def _is_forgotten(self, campaign_id: str, changed_at: datetime) -> bool:
        at = self._forgotten.get(campaign_id)
        return at is not None and changed_at <= at

    def _keep(self, stock: CampaignStock) -> None:
        self._stocks[stock.campaign_id] = stock
        self._touch(stock.campaign_id)

    def _touch(self, campaign_id: str) -> None:
        self.revision += 1
        self._changed[campaign_id] = self.revision
        if campaign_id in self._stocks:
            self._stocks.move_to_end(campaign_id)

    def _take_import(self, record: IncomingRecord) -> None:
        event = ImportProgressed.model_validate_json(record.value or b"")
        self._part("imports", is_news=self.imports.add(event))

    def _take_alert(self, record: IncomingRecord) -> None:
        alert = StockAlert.model_validate_json(record.value or b"")
        ce_id = record.header("ce_id")
        is_news = ce_id is not None and self.alerts.add(ce_id.decode(errors="replace"), alert)
        self._part("alerts", is_news=is_news)

    def _take_dead_letter(self, record: IncomingRecord) -> None:
        campaign_id = campaign_in(record.value)
        self.letter_ids.add(record, campaign_id)
        self._part("dead-letters", is_news=self.dead_letters.add(record, campaign_id))

    def _take_replay(self, record: IncomingRecord) -> None:
        identity = (record.key or b"").decode(errors="replace")
        self._part("dead-letters", is_news=self.dead_letters.note_replay(identity))

    def _take_heartbeat(self, record: IncomingRecord) -> None:
        beat = Heartbeat.model_validate_json(record.value or b"")
        self.heard_at = self.clock()
        self.beats.add(beat, record.at)

    def _take_mark(self, record: IncomingRecord) -> None:
        key = (record.key or b"").decode(errors="replace")
        if not self.notices.take(key, record.value):
            self.marked(key, None if record.value is None else Mark.model_validate_json(record.value))

    def _part(self, part: str, *, is_news: bool) -> None:
        if is_news:
            self.revision += 1
            self._parts[part] = self.revision


def campaign_in(value: bytes | None) -> str | None:
    """The campaign that a rejected record names, if that can be read."""
    if value is None or len(value) > RECORD_BYTES_MAX:
        return None
    return named_campaign(value)
