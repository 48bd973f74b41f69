"""The settings that all processes of a history have: the service's own, with time-outs short enough to meet them."""

import orjson

from ops.settings.load import Settings, load_settings
from schemas.topics import ALL_TOPICS, ASSIGN, IMPORT, RELEASE, RESERVE
from tests.simulation.plan import Setup

PREFIX = "sim."
GROUP_PREFIX = "sim-"
BUCKET = "uploads"
SESSION_MS = 3_000
OUTPUT_PARTITIONS = 2


def settings_of(setup: Setup) -> Settings:
    """As a deployment's environment would give them."""
    asked = {RESERVE.name, ASSIGN.name, RELEASE.name}
    partitions = {topic.name: setup.partitions if topic.name in asked else OUTPUT_PARTITIONS for topic in ALL_TOPICS}
    partitions[IMPORT.name] = setup.importers
    return load_settings(
        {
            "CODES_PROCESSING_GUARANTEE": setup.guarantee,
            "CODES_TOPICS__PREFIX": PREFIX,
            "CODES_TOPICS__PARTITIONS": orjson.dumps(partitions).decode(),
            "CODES_KAFKA__GROUP_PREFIX": GROUP_PREFIX,
            "CODES_KAFKA__SESSION_TIMEOUT_MS": str(SESSION_MS),
            "CODES_KAFKA__REQUEST_TIMEOUT_MS": "2000",
            "CODES_KAFKA__TRANSACTION_TIMEOUT_MS": "8000",
            "CODES_MONGO__TIMEOUT_MS": "2000",
            "CODES_MONGO__DATABASE": "sim",
            "CODES_WORKER__BATCH_SIZE_MAX": str(setup.batch_size_max),
            "CODES_WORKER__BACKOFF_MAX_MS": "1000",
            "CODES_WORKER__STOP_BUDGET_S": "3",
            "CODES_EXPIRER__INTERVAL_MS": "2000",
            "CODES_EXPIRER__AGAIN_AFTER_S": "5",
            "CODES_IMPORTER__ROWS_PER_CHUNK_MAX": "100",
            "CODES_IMPORTER__RANGE_BYTES": "1024",
        }
    )
