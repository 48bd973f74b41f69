"""What can go wrong in a history, as data: kinds, instants, targets. `injection.py` does it.

Out:  `Fault`; `random_faults`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

FAULT_SPAN_S: Final = (1.0, 25.0)
FAULTS_MAX: Final = 50

KINDS: Final[Mapping[str, float]] = {
    # processes
    "kill": 6,
    "kill_at_step": 8,
    "freeze": 4,
    "freeze_long": 3,
    "terminate": 3,
    "start_one_more": 1,
    "step_clock": 2,
    # Kafka
    "broker_down": 2,
    "broker_frozen": 2,
    "leaders_moved": 3,
    "coordinator_moved": 2,
    "too_few_replicas": 2,
    "late_markers": 3,
    "rebalance": 2,
    "partitions_added": 1,
    "broker_clock": 1,
    "kafka_requests_lost": 3,
    "kafka_answers_lost": 3,
    "kafka_errors": 2,
    # MongoDB
    "election": 3,
    "primary_down": 2,
    "primary_frozen": 2,
    "majority_lost": 2,
    "database_errors": 4,
    "database_requests_lost": 3,
    "database_answers_lost": 4,
    "database_slow": 2,
    "pool_delays": 2,
    "selection_delays": 2,
    # S3
    "s3_away": 1,
    "s3_frozen": 1,
    "s3_errors": 1,
    "s3_cut": 1,
}
"""How often each kind is chosen, compared with the others."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong."""

    at_s: float
    kind: str
    target: int
    """Which of several; counted modulo their number."""
    seconds: float
    """How long it lasts, where it lasts."""
    number: int
    """Steps, codes, or a probability in percent: see the kind's function."""


def random_faults(random: Random) -> Sequence[Fault]:
    """Many in one history of three, none in one of ten."""
    how_many = 0 if random.random() < 0.1 else random.randint(1, random.choice((6, 20, FAULTS_MAX)))
    kinds = random.choices(list(KINDS), list(KINDS.values()), k=how_many)
    return sorted((random_fault(random, kind) for kind in kinds), key=lambda fault: fault.at_s)


def random_fault(random: Random, kind: str) -> Fault:
    """Short ones are more frequent than long ones."""
    return Fault(
        at_s=random.uniform(*FAULT_SPAN_S),
        kind=kind,
        target=random.randrange(1_000),
        seconds=random.choice((0.2, 1.0, 3.0, 8.0)) * random.uniform(0.5, 1.5),
        number=random.randrange(100_000),
    )
