"""What one history is made of: who runs, what the fans do, what goes wrong and when.

In:   a seed.
Out:  `Plan`, whose parts can be left out one by one: that is how a failing history is shrunk.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, Literal

from tests.simulation.faults import Fault, random_faults

Guarantee = Literal["exactly_once", "at_least_once"]
Course = Literal["assign", "straight", "release", "expire", "race", "stranger"]
"""What a fan does with a reservation: takes it, takes codes without one, gives it back, forgets it, takes it at its
very end, or takes somebody else's."""

COURSES: Final[Sequence[tuple[Course, float]]] = (
    ("assign", 0.3), ("straight", 0.2), ("release", 0.15), ("expire", 0.1), ("race", 0.2), ("stranger", 0.05),
)  # fmt: skip
ARRIVAL_S: Final = (2.0, 20.0)
FANS: Final = (60, 500, 0.06)
"""Fewest, most, and how often a history has the most; others have few."""
WITH_VIEWS: Final = 0.25
"""How many histories have inventory views: two of them make a history half as long again."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What runs."""

    guarantee: Guarantee
    brokers: int
    database_nodes: int
    partitions: int
    workers: int
    importers: int
    expirers: int
    views: int
    batch_size_max: int


@dataclass(frozen=True, slots=True)
class Fan:
    """One fan's requests."""

    number: int
    at_s: float
    campaign: int
    code_type: Literal["tm", "external"]
    quantity: int
    ttl_s: int
    course: Course
    pause_s: float
    """From an answer to the next request."""
    resend_after_s: Sequence[float]
    """When the first request is sent again, answered or not."""
    reuses_id: bool
    """Whether it also sends another request under the id of the first one."""


@dataclass(frozen=True, slots=True)
class Noise:
    """A record that nobody can read."""

    at_s: float
    topic: int
    kind: int


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a campaign's codes, from `first` on; a row in `invalid_every` is invalid."""

    at_s: float
    campaign: int
    code_type: Literal["tm", "external"]
    first: int
    rows: int
    invalid_every: int
    times: int
    """How often the command is sent."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One history."""

    seed: int
    setup: Setup
    uploads: Sequence[Upload]
    fans: Sequence[Fan]
    noise: Sequence[Noise]
    faults: Sequence[Fault]


def plan_of(seed: int) -> Plan:
    """The plan of a seed."""
    random = Random(f"plan {seed}")
    setup = random_setup(random)
    fewest, most, often = FANS
    fans = most if random.random() < often else random.randint(fewest, fewest * 3)
    campaigns = random.randint(1, 3)
    return Plan(
        seed=seed,
        setup=setup,
        uploads=random_uploads(random, campaigns, fans),
        fans=[random_fan(random, number, campaigns) for number in range(fans)],
        noise=[
            Noise(random.uniform(*ARRIVAL_S), random.randrange(4), random.randrange(6))
            for _ in range(random.randint(0, 8))
        ],
        faults=random_faults(random),
    )


def random_setup(random: Random) -> Setup:
    """Small, so that processes meet each other often."""
    return Setup(
        guarantee="exactly_once" if random.random() < 0.8 else "at_least_once",
        brokers=random.choice((1, 3)),
        database_nodes=3,
        partitions=random.randint(1, 3),
        workers=random.randint(1, 3),
        importers=random.randint(1, 2),
        expirers=random.randint(1, 2),
        views=2 if random.random() < WITH_VIEWS else 0,
        batch_size_max=random.choice((3, 20, 100, 500)),
    )


def random_uploads(random: Random, campaigns: int, fans: int) -> list[Upload]:
    """Two files for most campaigns, which overlap; about as many codes as the fans want."""
    uploads: list[Upload] = []
    for campaign in range(campaigns):
        rows = max(10, int(fans / campaigns * random.uniform(0.5, 2.5)))
        uploads += [random_upload(random, campaign, rows, number) for number in range(random.randint(1, 2))]
    return uploads


def random_upload(random: Random, campaign: int, rows: int, number: int) -> Upload:
    """The first file comes early; a second one has the last of its codes too."""
    return Upload(
        at_s=0.5 if number == 0 else random.uniform(5, 18),
        campaign=campaign,
        code_type=random.choice(("tm", "tm", "external")),
        first=int(rows * 0.7) * number,
        rows=rows,
        invalid_every=random.choice((0, 7, 50)),
        times=random.choice((1, 1, 2)),
    )


def random_fan(random: Random, number: int, campaigns: int) -> Fan:
    """A fan, who may be impatient."""
    [course] = random.choices([name for name, _ in COURSES], [weight for _, weight in COURSES])
    short = course in {"expire", "race"}
    ttl_s = random.randint(2, 12) if short else 86_400
    pause_s = max(0.0, ttl_s + random.uniform(-1.5, 1.5)) if course == "race" else random.uniform(0.0, 4.0)
    return Fan(
        number=number,
        at_s=random.uniform(*ARRIVAL_S),
        campaign=random.randrange(campaigns),
        code_type="tm" if random.random() < 0.8 else "external",
        quantity=random.choice((1, 1, 1, 2, 4)),
        ttl_s=ttl_s,
        course=course,
        pause_s=pause_s,
        resend_after_s=[random.uniform(0, 15) for _ in range(random.choice((0, 0, 0, 1, 2)))],
        reuses_id=random.random() < 0.03,
    )
