"""Cases of the alerts on processes and parts. Out: `CASES`."""

from typing import Final

from tests.monitoring.case import Case, Fires

NAMESPACE: Final = {"namespace": "prod"}
PROCESS: Final = {"namespace": "prod", "job": "worker", "instance": "a"}
AT = 'namespace="prod", release="codes", job="worker", instance="a"'
AT_B = 'namespace="prod", release="codes", job="worker", instance="b"'
RESERVE = 'topic="codes.reserve.requests.v1"'


def conflicts(a_minute: int, batches_a_minute: int, topic: str = RESERVE) -> dict[str, str]:
    """At these speeds."""
    return {
        f'codes_conflicts_total{{{AT}, {topic}, cause="moved"}}': f"0+{a_minute}x40",
        f"codes_batch_records_count{{{AT}}}": f"0+{batches_a_minute}x40",
    }


def loop(late_in_1000: int) -> dict[str, str]:
    """A thousand turns a minute."""
    return {
        f'codes_event_loop_lag_seconds_bucket{{{AT}, le="0.2"}}': f"0+{1000 - late_in_1000}x40",
        f"codes_event_loop_lag_seconds_count{{{AT}}}": "0+1000x40",
    }


def unavailable(part: str, values: str) -> dict[str, str]:
    """A part, as two processes see it."""
    return {f'codes_part_away{{{at}, part="{part}"}}': values for at in (AT, AT_B)}


CASES: Final = (
    Case(
        "CodesPartAway",
        "a page when the database does not answer",
        unavailable("mongo", "1x10"),
        "3m",
        (Fires("page", {**NAMESPACE, "part": "mongo"}, "mongo is unavailable to 2 processes."),),
    ),
    Case(
        "CodesPartAway",
        "a ticket when S3 does not answer",
        unavailable("s3", "1x10"),
        "6m",
        (Fires("ticket", {**NAMESPACE, "part": "s3"}, "s3 is unavailable to 2 processes."),),
    ),
    Case("CodesPartAway", "none during an election", unavailable("mongo", "0 1 0x10"), "4m"),
    Case("CodesPartAway", "none while all answer", unavailable("kafka", "0x10"), "10m"),
    Case(
        "CodesRebalanceStorm",
        "when there is one a minute; two replicas that see the same count once",
        {f"codes_rebalances_total{{{at}}}": "0+1x40" for at in (AT, AT_B)},
        "30m",
        (Fires("ticket", {"namespace": "prod", "job": "worker"}, "worker: 15 rebalances in 15m."),),
    ),
    Case(
        "CodesRebalanceStorm",
        "the role that has it, and not another one beside it",
        {
            'codes_rebalances_total{namespace="prod", release="codes", job="inventory", instance="i"}': "0+1x40",
            f"codes_rebalances_total{{{AT}}}": "0x40",
        },
        "30m",
        (Fires("ticket", {"job": "inventory"}, "inventory: 15 rebalances in 15m."),),
    ),
    Case(
        "CodesRebalanceStorm",
        "none for a roll-out of four",
        {f"codes_rebalances_total{{{AT}}}": "0x10 2 4 6 8x30"},
        "22m",
    ),
    Case(
        "CodesConflictRate",
        "when one batch in ten is planned again",
        conflicts(6, 60),
        "30m",
        (Fires("ticket", NAMESPACE, "10% of batches were planned again."),),
    ),
    Case("CodesConflictRate", "none for two in a hundred", conflicts(6, 300), "30m"),
    Case("CodesConflictRate", "none for a few when there is little to do", conflicts(1, 2), "30m"),
    Case("CodesConflictRate", "none for an import's", conflicts(6, 60, 'topic="codes.import.commands.v1"'), "30m"),
    Case(
        "CodesTransactionsAborted",
        "when the broker refuses them again and again",
        {f'codes_transactions_aborted_total{{{AT}, {RESERVE}, reason="failed"}}': "0+2x40"},
        "30m",
        (Fires("ticket", {**NAMESPACE, "reason": "failed"}, "30 Kafka transactions ended as failed in 15m."),),
    ),
    Case(
        "CodesTransactionsAborted",
        "none for what a rebalance cancels",
        {f'codes_transactions_aborted_total{{{AT}, {RESERVE}, reason="cancelled"}}': "0x10 8x30"},
        "20m",
    ),
    Case(
        "CodesFenced",
        "when it goes on for half an hour",
        {f"codes_fenced_total{{{AT}, {RESERVE}}}": "0+1x60"},
        "45m",
        (
            Fires(
                "ticket",
                {**NAMESPACE, "topic": "codes.reserve.requests.v1"},
                "codes.reserve.requests.v1: processes repeatedly lose partitions in the middle of a batch.",
            ),
        ),
    ),
    Case(
        "CodesFenced",
        "none for a process that was frozen once",
        {f"codes_fenced_total{{{AT}, {RESERVE}}}": "0x5 24x60"},
        "45m",
    ),
    Case(
        "CodesEventLoopLate",
        "when two turns in a hundred are late",
        loop(20),
        "30m",
        (Fires("ticket", PROCESS, "a: 2% of event loop turns are over 0.2 s late."),),
    ),
    Case("CodesEventLoopLate", "none for one in a thousand", loop(1), "30m"),
    Case(
        "CodesRollOutStuck",
        "when two versions have run for over an hour",
        {f'codes_build_info{{{AT}, version="1"}}': "1x90", f'codes_build_info{{{AT_B}, version="2"}}': "1x90"},
        "70m",
        (Fires("ticket", NAMESPACE, "2 versions of the service run side by side."),),
    ),
    Case(
        "CodesRollOutStuck",
        "none for one that ends",
        {f'codes_build_info{{{AT}, version="1"}}': "1x30 stale", f'codes_build_info{{{AT_B}, version="2"}}': "1x90"},
        "70m",
    ),
)
