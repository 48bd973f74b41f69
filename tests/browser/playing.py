"""Events as the roles send them, played: a summer of sales at once, and as many campaigns as are wanted.

Out: `Player` (sends events of any topic in transactions), `summer` and `many` (stocks of campaigns), `an_import`.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final, NamedTuple, NoReturn
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from ops.settings.load import Settings
from ops.telemetry.heartbeat import heartbeat_producer
from producers.envelope import import_record, inventory_record
from schemas.events import ImportProgressed, InventoryChanged
from schemas.health import BEAT_EVERY_S, Heartbeat
from schemas.observation.partitions import Part
from schemas.records import OutgoingRecord
from schemas.topics import DEAD_LETTERS, DEAD_LETTERS_REPLAYED, HEALTH, RESERVE, Topics, TopicSpec

ASKS: Final[Mapping[str, tuple[Part, ...]]] = {
    "worker": ("mongo",),
    "importer": ("mongo", "s3"),
    "expirer": ("mongo",),
}
BATCH: Final = 500
LETTER_AT: Final = "2026-11-24T12:00:00.000Z"
"""Of the records that are dead letters."""
STARTED_AT: Final = datetime.now(UTC)
CITIES: Final = ("amsterdam", "berlin", "dublin", "lisbon", "madrid", "milan", "oslo", "paris", "vienna", "zurich")
TOURS: Final = ("aurora-tour", "blue-hour", "club-night", "harbour-fest", "winter-gala")


class CountKey(NamedTuple):
    """One type's codes of one campaign."""

    campaign_id: str
    code_type: str
    available: int
    reserved: int
    assigned: int


class Player:
    """Sends as a worker does, under a transactional id of its own."""

    def __init__(self, producer: AIOKafkaProducer, settings: Settings) -> None:
        self._producer = producer
        self._settings = settings
        self._topics = Topics(settings.topics.prefix)
        self._versions: dict[tuple[str, str], int] = {}

    async def stock(self, *shelves: CountKey, at: datetime | None = None) -> None:
        """Publish each shelf's counts."""
        await self.send(
            [inventory_record(self._event(shelf, at or datetime.now(UTC)), self._topics) for shelf in shelves]
        )

    async def imports(self, *events: ImportProgressed) -> None:
        """Publish progress and ends of imports."""
        await self.send([import_record(event, str(uuid4()), self._topics) for event in events])

    async def dead_letters(self, reasons: Mapping[str, int], offset: int = 0) -> None:
        """Publish this number of dead letters of each reason, as workers write them."""
        topic, origin = self._topics.full(DEAD_LETTERS), self._topics.full(RESERVE)
        own = {"dlq-topic": origin, "dlq-partition": "3", "dlq-offset": str(offset), "dlq-timestamp": LETTER_AT}
        for reason, count in reasons.items():
            headers = {**own, "dlq-reason": reason, "dlq-detail": "quantity: Input should be a valid integer"}
            as_sent = tuple((name, text.encode()) for name, text in headers.items())
            await self.send([OutgoingRecord(topic, b"key", b"{", as_sent) for _ in range(count)])

    async def replayed(self, offset: int) -> None:
        """Publish the note about the replay of a record that is a dead letter."""
        identity = f"{RESERVE.name}.3@{offset}/{LETTER_AT}"
        topic = self._topics.full(DEAD_LETTERS_REPLAYED)
        await self.send([OutgoingRecord(topic, identity.encode(), b"{}", ())])

    async def requests(self, topic: TopicSpec, count: int) -> None:
        """Records that nobody has read yet."""
        await self.send([OutgoingRecord(self._topics.full(topic), None, b"{}", ()) for _ in range(count)])

    async def read_by(self, group: str, topic: TopicSpec) -> None:
        """A group has read a topic up to its end."""
        full = self._topics.full(topic)
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._settings.kafka.bootstrap_servers,
            group_id=self._settings.kafka.group_prefix + group,
            enable_auto_commit=False,
        )
        await consumer.start()
        try:
            partitions = [TopicPartition(full, number) for number in await self._producer.partitions_for(full)]
            consumer.assign(partitions)
            await consumer.commit(await consumer.end_offsets(partitions))
        finally:
            await consumer.stop()

    async def send(self, records: Iterable[OutgoingRecord]) -> None:
        """In transactions of `BATCH` records."""
        waiting = list(records)
        for start in range(0, len(waiting), BATCH):
            async with self._producer.transaction():
                for record in waiting[start : start + BATCH]:
                    await self._producer.send(
                        record.topic, record.value, key=record.key, headers=list(record.headers)
                    )

    def _event(self, shelf: CountKey, at: datetime) -> InventoryChanged:
        version = self._versions[shelf[:2]] = self._versions.get(shelf[:2], 0) + 1
        return InventoryChanged.model_validate(
            {**shelf._asdict(), "shard": "played.0", "version": version, "cause": "reserve", "changed_at": at}
        )


@asynccontextmanager
async def a_player(settings: Settings) -> AsyncIterator[Player]:
    """A player on a deployment's topics."""
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka.bootstrap_servers, transactional_id=f"{settings.topics.prefix}player"
    )
    await producer.start()
    try:
        yield Player(producer, settings)
    finally:
        await producer.stop()


async def beating(settings: Settings, **processes: int) -> NoReturn:
    """Send the heartbeats of this number of processes of each role every second, until cancelled."""
    topic = Topics(settings.topics.prefix).full(HEALTH)
    async with heartbeat_producer({"bootstrap_servers": settings.kafka.bootstrap_servers}) as producer:
        while True:
            for beat in (a_beat(role, number) for role, count in processes.items() for number in range(count)):
                await producer.send(topic, beat.to_json(), key=f"{beat.role}:{beat.instance}".encode())
            await asyncio.sleep(BEAT_EVERY_S)


def a_beat(role: str, number: int) -> Heartbeat:
    """A process that waits for nothing."""
    event_fields = {"role": role, "instance": f"played-{number}", "state": "running", "asks": ASKS[role]}
    return Heartbeat.model_validate({**event_fields, "started_at": STARTED_AT, "at": datetime.now(UTC)})


def many(count: int) -> list[CountKey]:
    """So many campaigns, named `many-000` and on; the number of codes says which one it is."""
    return [CountKey(f"many-{number:03}", "tm", 1_000 + number, number, 500) for number in range(count)]


def summer(chance: Random) -> list[tuple[CountKey, float]]:
    """Full shelves of a season's campaigns, each with the part of it that goes in a minute."""
    found = []
    for tour in TOURS:
        for city in chance.sample(CITIES, 5):
            pace = chance.choice((0, 0.0005, 0.002, 0.004))
            found.append((CountKey(f"{tour}-{city}", "tm", chance.randrange(12, 240) * 250, 0, 0), pace))
            if chance.random() < 0.55:
                found.append((CountKey(f"{tour}-{city}", "external", chance.randrange(4, 60) * 100, 0, 0), pace / 2))
    return found


def gone(shelf: CountKey, part: float) -> CountKey:
    """A shelf when so great a part of it has gone: a sixth of that is still reserved."""
    total = shelf.available + shelf.reserved + shelf.assigned
    left = max(total - round(total * part), 0)
    reserved = (total - left) // 6
    return shelf._replace(available=left, reserved=reserved, assigned=total - left - reserved)


def an_import(import_id: str, campaign_id: str, part: float, rows: int = 400_000, **more: Any) -> ImportProgressed:
    """An import of which so great a part was read."""
    read = round(rows * part)
    duplicates, rejected = read // 180, read // 2_600
    event_fields = {
        "import_id": import_id,
        "campaign_id": campaign_id,
        "code_type": "tm",
        "state": "running",
        "rows_read": read,
        "inserted": read - duplicates - rejected,
        "duplicates": duplicates,
        "duplicates_in_campaign": duplicates,
        "rejected": rejected,
        "bytes_read": read * 14,
        "bytes_total": rows * 14,
        "at": datetime.now(UTC) - timedelta(seconds=2),
    }
    return ImportProgressed.model_validate({**event_fields, **more})
