"""The kinds of faults, by what a stack has.

Out:      `kinds_for`: names, weights and lengths. `role_faults`, `node_faults` and `faults` carry them out.
"""

from collections.abc import Mapping
from typing import Final

from devstack.engines import Engine
from tests.chaos.options import Options
from tests.chaos.schedule import Kind

ROLES: Final[Mapping[str, Kind]] = {
    "kill": Kind(6, (0.0, 2.0)),
    "kill_two_workers": Kind(2, (0.0, 2.0)),
    "crash_at_point": Kind(5, (0.0, 1.0)),
    "freeze": Kind(5, (5.0, 9.0)),
    "freeze_briefly": Kind(2, (0.2, 2.0)),
    "stop": Kind(4, (0.0, 2.0)),
    "add_worker": Kind(2, (10.0, 25.0)),
    "remove_worker": Kind(2, (8.0, 20.0)),
}
"""Of processes of the service. A session lasts 4 s: `freeze` outlasts it."""
S3: Final[Mapping[str, Kind]] = {
    "s3_silent": Kind(2, (2.0, 8.0)),
    "s3_refuses": Kind(2, (2.0, 8.0)),
}
KAFKA: Final[Mapping[str, Kind]] = {
    "freeze_broker": Kind(3, (1.0, 10.0), is_outage=True),
    "kill_broker": Kind(2, (0.2, 3.0), is_outage=True),
    "add_partitions": Kind(1),
}
DATABASE: Final[Mapping[str, Kind]] = {"freeze_database": Kind(3, (1.0, 10.0), is_outage=True)}
DURABLE: Final[Mapping[str, Kind]] = {"kill_database": Kind(2, (0.2, 3.0), is_outage=True)}
"""Only for a mongod: what the other engines have acknowledged may be lost with their process."""
BROKERS: Final[Mapping[str, Kind]] = {
    "kill_leader": Kind(2, (0.2, 6.0), is_outage=True),
    "isolate_leader": Kind(3, (5.0, 15.0), is_outage=True),
    "stop_broker": Kind(2, (0.2, 3.0), is_outage=True),
    "kill_coordinator": Kind(2, (0.2, 6.0), is_outage=True),
    "elect_leaders": Kind(3),
    "two_brokers_frozen": Kind(1, (3.0, 10.0), is_outage=True),
}
REPLICAS: Final[Mapping[str, Kind]] = {
    "step_down": Kind(3, is_outage=True),
    "kill_primary": Kind(3, (0.2, 6.0), is_outage=True),
    "freeze_primary": Kind(3, (5.0, 15.0), is_outage=True),
    "no_majority": Kind(2, (3.0, 12.0), is_outage=True),
}
SHARDS: Final[Mapping[str, Kind]] = {
    "freeze_shard": Kind(3, (1.0, 10.0), is_outage=True),
    "kill_shard": Kind(2, (0.2, 3.0), is_outage=True),
    "freeze_router": Kind(3, (1.0, 10.0), is_outage=True),
    "kill_router": Kind(2, (0.2, 3.0), is_outage=True),
    "freeze_config": Kind(1, (1.0, 10.0), is_outage=True),
    "move_chunk": Kind(6),
}


def kinds_for(options: Options, engine: Engine) -> dict[str, Kind]:
    """What may happen to this stack."""
    kinds = {**ROLES, **S3, **KAFKA}
    if options.brokers > 1:
        kinds |= BROKERS
    if options.database_shards:
        kinds |= SHARDS
    elif options.database_nodes > 1:
        kinds |= {**DATABASE, **DURABLE, **REPLICAS}
    else:
        kinds |= DATABASE
        kinds |= DURABLE if engine == "mongod" else {}
    return kinds
