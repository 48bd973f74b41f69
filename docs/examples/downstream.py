"""A wallet service that stores assigned codes: reads `assigned.v1`, and processes each event once.

    python docs/examples/downstream.py --wallet wallet.db

Needs only aiokafka. Set CODES_KAFKA__BOOTSTRAP_SERVERS to the address of Kafka. SQLite stands for your database: all
instances of a group must share it, because it records which events have been processed. Ctrl-C or SIGTERM ends the
program.
"""

import argparse
import asyncio
import json
import logging
import os
import signal
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CommitFailedError, KafkaError

SERVERS = os.environ.get("CODES_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:9092")
PREFIX = os.environ.get("CODES_TOPICS__PREFIX", "codes.")
RECORDS_MAX = 500
POLL_MS = 500

log = logging.getLogger("wallet")


class Wallet:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        db.execute("CREATE TABLE IF NOT EXISTS codes (event_id TEXT PRIMARY KEY, fan_id, campaign_id, code_id, code)")

    def keep(self, records: Iterable[Any]) -> None:
        """Store events in one transaction. The event's id identifies those that are already stored."""
        with self._db:
            for record in records:
                event_id, event = dict(record.headers)["ce_id"].decode(), json.loads(record.value)
                row = (event_id, event["fan_id"], event["campaign_id"], event["code_id"], event["code"])
                done = self._db.execute("INSERT OR IGNORE INTO codes VALUES (?, ?, ?, ?, ?)", row)
                # `code` is a secret: store it, but never log it
                log.info(
                    "%s fan=%s code_id=%s", "kept" if done.rowcount else "known", event["fan_id"], event["code_id"]
                )


@contextmanager
def a_wallet(path: Path) -> Iterator[Wallet]:
    """Open the wallet, in a file that only its owner can read."""
    path.touch(mode=0o600)
    db = sqlite3.connect(path)
    try:
        yield Wallet(db)
    finally:
        db.close()


async def serve(consumer: AIOKafkaConsumer, wallet: Wallet, stopping: asyncio.Event, idle_s: float | None) -> None:
    """Store events, then commit their offsets. After a crash between the two, they come again, and are skipped."""
    clock = asyncio.get_running_loop().time
    last_s = clock()
    while not stopping.is_set() and (idle_s is None or clock() - last_s < idle_s):
        batches = await consumer.getmany(timeout_ms=POLL_MS, max_records=RECORDS_MAX)
        if not batches:
            continue
        wallet.keep(record for records in batches.values() for record in records)
        try:
            await consumer.commit()
        except CommitFailedError:
            log.warning("another instance has these partitions now; it will skip the events that are stored")
        last_s = clock()


async def main(options: argparse.Namespace) -> None:
    """Run until SIGINT or SIGTERM."""
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    consumer = AIOKafkaConsumer(
        f"{PREFIX}assigned.v1",
        bootstrap_servers=SERVERS,
        group_id=options.group,
        isolation_level="read_committed",  # the default would also read events of aborted transactions
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    with a_wallet(options.wallet) as wallet:
        try:
            await consumer.start()
            await serve(consumer, wallet, stopping, options.idle_s)
        finally:
            await consumer.stop()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Store the codes that are assigned to fans.")
    parser.add_argument("--wallet", type=Path, required=True, help="SQLite file")
    parser.add_argument("--group", default="wallet", help="consumer group; `codes-` is the service's own prefix")
    parser.add_argument("--idle-s", type=float, help="end after this many seconds without events")
    return parser.parse_args()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("aiokafka").setLevel(logging.WARNING)
    try:
        asyncio.run(main(arguments()))
    except KafkaError as why:
        sys.exit(f"{SERVERS}, {PREFIX}*: {why}")
