"""Cases of the alerts on what is absent: processes, roles, partitions; a dead environment beside a live one.

Out: `CASES`.
"""

from typing import Final

from tests.monitoring.case import Case, Fires

LAG, TURN, BUILD = "codes_consumer_lag_records", "codes_last_turn_timestamp_seconds", "codes_build_info"
PARTITIONS = "codes_topic_partitions"
WORKER = 'namespace="prod", release="codes", job="worker", instance="a"'
WORKER_B = 'namespace="prod", release="codes", job="worker", instance="b"'
INPUTS = ("reserve.requests.v1", "assign.requests.v1", "release.requests.v1", "import.commands.v1")
ROLES = {"worker": 2, "importer": 1, "expirer": 1, "inventory": 1, "canary": 1}
DEAD = "1x5 stale"
HOURS_LATER = {"at": "600m", "interval": "4m"}


def deployment(namespace: str, values: str, *without: str, release: str = "codes") -> dict[str, str]:
    """What a whole deployment reports, as many processes of each role as there should be."""
    place = f'namespace="{namespace}", release="{release}"'
    lags = {f'{LAG}{{{place}, topic="codes.{topic}", partition="0"}}': values for topic in INPUTS}
    turn = {f'{TURN}{{{place}, topic="expirer", partition="0"}}': values}
    builds = {
        f'{BUILD}{{{place}, job="{role}", role="{role}", version="1", instance="{role}-{number}"}}': values
        for role, count in ROLES.items()
        for number in range(count)
    }
    found = lags | turn | builds
    return {name: samples for name, samples in found.items() if not any(part in name for part in without)}


def absent(role: str, *topics: str) -> tuple[Fires, ...]:
    """No process reports these."""
    return tuple(Fires("page", {"role": role, "topic": topic}, f"No process reports {topic}.") for topic in topics)


def missing(**counts: int) -> tuple[Fires, ...]:
    """So many processes of each role do not run."""
    return tuple(
        Fires("ticket", {"role": role}, f"{count} processes of the role {role} are missing.")
        for role, count in counts.items()
    )


NOBODY: Final = (
    *absent("worker", *INPUTS[:3]),
    *absent("importer", INPUTS[3]),
    *absent("expirer", "expirer"),
)
NONE_SEEN: Final = (Fires("page", {}, "Prometheus sees no process of the service."),)

CASES: Final = (
    Case("CodesNotScraped", "when there is no process", {'up{job="others"}': "1x20"}, "10m", NONE_SEEN),
    Case("CodesNotScraped", "none while there is one", {f"{BUILD}{{{WORKER}}}": "1x20"}, "10m"),
    Case(
        "CodesNotScraped",
        "when prod is dead beside a live dev",
        deployment("prod", DEAD) | deployment("dev", "1x20"),
        "12m",
        NONE_SEEN,
    ),
    Case(
        "CodesNotScraped",
        "when a release is dead beside a live one in its namespace",
        deployment("prod", DEAD) | deployment("prod", "1x20", release="blue"),
        "12m",
        NONE_SEEN,
    ),
    Case(
        "CodesNotScraped",
        "also ten hours later",
        deployment("prod", DEAD) | deployment("dev", "1x160"),
        fires=NONE_SEEN,
        **HOURS_LATER,
    ),
    Case("CodesConsumerAbsent", "none when all are there", deployment("prod", "1x20"), "10m"),
    Case(
        "CodesConsumerAbsent",
        "when a role is missing, by topic",
        deployment("prod", "1x20", "import", "expirer"),
        "10m",
        (*absent("importer", "import.commands.v1"), *absent("expirer", "expirer")),
    ),
    Case("CodesConsumerAbsent", "when all processes are gone", deployment("prod", DEAD), "12m", NOBODY),
    Case(
        "CodesConsumerAbsent",
        "when prod is dead beside a live dev, also ten hours later",
        deployment("prod", DEAD) | deployment("dev", "1x160"),
        fires=NOBODY,
        **HOURS_LATER,
    ),
    Case(
        "CodesConsumerAbsent",
        "what another namespace or release has does not help",
        deployment("prod", "1x20", "reserve")
        | deployment("dev", "1x20")
        | deployment("prod", "1x20", release="blue"),
        "10m",
        absent("worker", "reserve.requests.v1"),
    ),
    Case("CodesConsumerAbsent", "none during a short gap", deployment("prod", "1x5 stale _x2 1x20"), "10m"),
    Case("CodesReplicasMissing", "none when all run", deployment("prod", "1x40"), "30m"),
    Case(
        "CodesReplicasMissing",
        "when one of two workers is missing, and the canary",
        deployment("prod", "1x40", "worker-1", "canary"),
        "30m",
        missing(worker=1, canary=1),
    ),
    Case(
        "CodesReplicasMissing",
        "when prod is dead beside a live dev, also ten hours later",
        deployment("prod", DEAD) | deployment("dev", "1x160"),
        fires=missing(worker=2, importer=1, expirer=1, inventory=1, canary=1),
        **HOURS_LATER,
    ),
    Case(
        "CodesReplicasMissing",
        "none while a pod moves to another node",
        deployment("prod", "1x40", "worker-1")
        | {f'{BUILD}{{{WORKER}, role="worker", version="1"}}': "1x10 stale _x9 1x20"},
        "38m",
    ),
    Case(
        "CodesLagAbsent",
        "when no process reports a partition that the topic has",
        {f'{PARTITIONS}{{{WORKER}, topic="codes.reserve.requests.v1"}}': "3x20"}
        | {f'{LAG}{{{WORKER}, topic="codes.reserve.requests.v1", partition="{n}"}}': "0x20" for n in (0, 2)},
        "12m",
        (
            Fires(
                "page",
                {"topic": "codes.reserve.requests.v1"},
                "codes.reserve.requests.v1: the lag of 1 partitions is unknown.",
            ),
        ),
    ),
    Case(
        "CodesLagAbsent",
        "when none is reported, also ten hours later; what dev reports does not help",
        {
            f'{PARTITIONS}{{{WORKER}, topic="codes.reserve.requests.v1"}}': "2x160",
            f'{LAG}{{namespace="dev", topic="codes.reserve.requests.v1", partition="0"}}': "0x160",
        },
        fires=(
            Fires(
                "page",
                {"topic": "codes.reserve.requests.v1"},
                "codes.reserve.requests.v1: the lag of 2 partitions is unknown.",
            ),
        ),
        **HOURS_LATER,
    ),
    Case(
        "CodesLagAbsent",
        "none when another process took the partition over",
        {
            f'{PARTITIONS}{{{WORKER}, topic="codes.reserve.requests.v1"}}': "1x20",
            f'{LAG}{{{WORKER}, topic="codes.reserve.requests.v1", partition="0"}}': "0x5 stale",
            f'{LAG}{{{WORKER_B}, topic="codes.reserve.requests.v1", partition="0"}}': "_x7 0x20",
        },
        "20m",
    ),
    Case("CodesLagAbsent", "none before the topics are seen", {f'{PARTITIONS}{{{WORKER}, topic="t"}}': "0x9"}, "12m"),
    Case(
        "CodesProcessDown",
        "when a process of ours does not answer",
        {f"up{{{WORKER}}}": "1x5 0x20"},
        "12m",
        (Fires("ticket", {"job": "worker", "instance": "a"}, "a of worker cannot be scraped."),),
    ),
    Case(
        "CodesProcessDown",
        "also ten hours later",
        {f"up{{{WORKER}}}": "1x5 0x160"},
        fires=(Fires("ticket", {"job": "worker", "instance": "a"}, "a of worker cannot be scraped."),),
        **HOURS_LATER,
    ),
    Case(
        "CodesProcessDown",
        "none for another program's, nor another deployment's",
        {
            'up{namespace="prod", job="mongodb", instance="m"}': "0x20",
            'up{namespace="dev", release="codes", job="worker", instance="d"}': "0x20",
        },
        "12m",
    ),
    Case("CodesProcessDown", "none for one that was removed", {f"up{{{WORKER}}}": "1x5 stale"}, "12m"),
)
