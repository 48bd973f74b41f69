"""What the roles of a storm run with, and where their logs are.

In:       a stack, options.
Out:      variables with names of this storm's own; a journal.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Final

import devstack
from schemas.topics import ALL_TOPICS
from tests.chaos.journal import Journal
from tests.chaos.options import Options

PARTITIONS: Final = 4
SETTINGS: Final = {
    "CODES_TOPICS__PARTITIONS": json.dumps({spec.name: PARTITIONS for spec in ALL_TOPICS}),
    "CODES_KAFKA__SESSION_TIMEOUT_MS": "4000",
    "CODES_KAFKA__REQUEST_TIMEOUT_MS": "5000",
    "CODES_MONGO__TIMEOUT_MS": "5000",
    "CODES_S3__TIMEOUT_MS": "3000",
    "CODES_WORKER__BATCH_SIZE_MAX": "60",
    "CODES_WORKER__BACKOFF_MAX_MS": "1000",
    "CODES_EXPIRER__INTERVAL_MS": "500",
    "CODES_EXPIRER__AGAIN_AFTER_S": "5",
    "CODES_IMPORTER__ROWS_PER_CHUNK_MAX": "100",
    "CODES_IMPORTER__PROGRESS_EVERY_S": "0.5",
    "CODES_OPS__PORT": "0",
}
"""Short time-outs and small batches: more happens in a minute."""
CLIENTS: Final = ("aiokafka", "asyncio")
"""Loggers whose warnings are about outages that the storm caused."""


def environment_of(stack: devstack.Stack, options: Options) -> dict[str, str]:
    """Of the roles, with topics, groups and a database of this storm's own."""
    name = f"chaos-{token_hex(4)}"
    return {
        **stack.environment(),
        **SETTINGS,
        "CODES_TOPICS__PREFIX": f"{name}.",
        "CODES_KAFKA__GROUP_PREFIX": f"{name}-",
        "CODES_MONGO__DATABASE": name,
        "CODES_PROCESSING_GUARANTEE": options.guarantee,
    }


@contextmanager
def journal_in(folder: Path) -> Iterator[Journal]:
    """The storm's log, and the warnings of its own clients beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    journal, warnings = Journal(folder), logging.FileHandler(folder / "clients.log")
    loggers = [logging.getLogger(name) for name in CLIENTS]
    for logger in loggers:
        logger.addHandler(warnings)
        logger.propagate = False
    try:
        yield journal
    finally:
        for logger in loggers:
            logger.removeHandler(warnings)
            logger.propagate = True
        warnings.close()
        journal.close()
