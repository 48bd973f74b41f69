"""Messages about what needs attention: written before they are sent and after, sent by one process only."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest
from structlog.testing import capture_logs

from handlers.inventory.marks import Notices
from ops.webhooks import sending
from ops.webhooks.attending import Attending, Attention
from ops.webhooks.concerns import Concern
from ops.webhooks.messages import notice_body
from ops.webhooks.sending import Sender
from schemas.attention import Notice
from schemas.base import DAY_S
from schemas.errors import BrokerUnavailable
from schemas.observation.webhooks import WebhookAnswered
from schemas.records import OutgoingRecord
from schemas.topics import Topics
from schemas.webhook_settings import WebhookSettings
from tests.fakes.observer import ObservedFacts
from tests.unit.ops.webhooks.test_webhooks import LINKS, SECRET, Receiver, a_target, receiving

GONE = Concern("health:worker", "health:worker:gone:1", "health", "gone", "No worker runs", "<none> & idle")
NOTICE = Notice(
    id="n-1",
    webhook="sales",
    subject=GONE.subject,
    key=GONE.key,
    event="begins",
    kind="health",
    level="gone",
    title=GONE.title,
    detail=GONE.detail,
    at=datetime(2026, 11, 24, 12, tzinfo=UTC),
    state="waiting",
)


class Room:
    """One receiver's process, with a topic that takes all records, or none."""

    def __init__(self, receiver: Receiver, url: str, session: aiohttp.ClientSession) -> None:
        self.receiver = receiver
        self.concerns: list[Concern] = [GONE]
        self.is_owner = True
        self.is_available = True
        self.written: list[Notice | None] = []
        self.notices = Notices()
        self.observed = ObservedFacts()
        target = a_target(url, attention=["gone"], levels=[])
        self.sender = Sender(target, "attention", session, DAY_S, self.observed)
        self.attending = self.started()

    def started(self) -> Attending:
        """As after a restart."""
        settings = WebhookSettings(attention_after_s=0)
        attention = Attention(
            Topics("codes."), lambda _: self.concerns, self.notices.of, self.until_read, self.publish
        )
        return Attending(settings, self.sender, attention, lambda: self.is_owner)

    async def until_read(self) -> None:
        """What is published is read at once."""

    async def publish(self, record: OutgoingRecord) -> None:
        if not self.is_available:
            raise BrokerUnavailable("none")
        key = (record.key or b"").decode()
        self.notices.take(key, record.value)
        self.written.append(None if record.value is None else Notice.model_validate_json(record.value))

    @property
    def events(self) -> list[str]:
        """Those that the receiver was sent."""
        return [body["event"] for _, body in self.receiver.got]


@pytest.fixture
async def room(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    monkeypatch.setattr(sending, "PAUSE_S_MIN", 0.0)
    receiver = Receiver()
    async with receiving(receiver) as url, aiohttp.ClientSession() as session:
        yield Room(receiver, url, session)


async def test_a_message_is_written_before_it_is_sent_and_after_it_is_taken(room: Room) -> None:
    """One for the beginning, one for the end; then nothing is left of it."""
    await room.attending.turn()
    await room.attending.turn()
    room.concerns = []
    await room.attending.turn()
    await room.attending.turn()

    assert ["begins", "resolved"] == room.events
    assert [("begins", "waiting"), ("begins", "taken"), ("resolved", "waiting"), None] == [
        notice and (notice.event, notice.state) for notice in room.written
    ]
    assert {} == room.notices.of("sales")
    assert [WebhookAnswered("sales", "attention", "sent")] * 2 == room.observed


async def test_a_message_that_is_not_taken_is_repeated_under_its_id(room: Room) -> None:
    """Also after a restart, and also if its result could not be written."""
    room.receiver.statuses = [503]
    await room.attending.turn()
    assert 1 == room.attending.waiting()
    await room.started().turn()
    [(first, _), (second, _)] = room.receiver.got

    assert (first, "taken") == (second, room.notices.of("sales")[GONE.subject].state)
    assert 0 == room.attending.waiting()


async def test_only_the_process_that_has_the_partition_sends(room: Room) -> None:
    """The other one has nothing that waits, either."""
    room.is_owner = False
    await room.attending.turn()

    assert ([], []) == (room.events, room.written)


async def test_without_kafka_nothing_is_sent(room: Room) -> None:
    """It would be sent again after a restart, under another id."""
    room.is_available = False
    with pytest.raises(BrokerUnavailable):
        await room.attending.turn()

    assert [] == room.events


async def test_a_dropped_message_is_logged_without_the_address(room: Room) -> None:
    """Its item is not sent again, and its end is not sent."""
    room.receiver.statuses = [400]
    with capture_logs() as logs:
        await room.attending.turn()
        await room.attending.turn()
        room.concerns = []
        await room.attending.turn()

    assert ["begins"] == room.events
    assert [("webhook_notice_undelivered", GONE.subject, "status 400")] == [
        (line["event"], line["item"], line["reason"]) for line in logs
    ]
    assert SECRET not in str(logs)


def test_a_message_has_what_the_item_has() -> None:
    """Slack's own characters are escaped; instructions for short stock are only at a stock."""
    body = notice_body("json", NOTICE, LINKS)
    begins, resolved = (
        notice_body("slack", NOTICE.model_copy(update={"event": event}), LINKS)["text"]
        for event in ("begins", "resolved")
    )

    assert ("n-1", "attention", "begins", "gone", "health", "2026-11-24T12:00:00.000Z", None) == tuple(
        body[name] for name in ("id", "type", "event", "level", "kind", "at", "runbook")
    )
    assert "*No worker runs* (gone): &lt;none&gt; &amp; idle. <https://codes.example/|page>" == begins
    assert "Resolved: *No worker runs*. <https://codes.example/|page>" == resolved
