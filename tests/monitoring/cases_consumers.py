"""Cases of the alerts on lag and stalls. Out: `CASES`."""

from typing import Final

from tests.monitoring.case import Case, Fires

RESERVE = 'namespace="prod", release="codes", topic="codes.reserve.requests.v1", partition="3"'
COMMANDS = 'namespace="prod", release="codes", topic="codes.import.commands.v1", partition="0"'
PLACE: Final = {"namespace": "prod", "topic": "codes.reserve.requests.v1", "partition": "3"}
COMMAND_PLACE: Final = {"namespace": "prod", "topic": "codes.import.commands.v1", "partition": "0"}
AGE = "codes_consumer_lag_seconds"
POSITION, HIGH = "codes_consumer_position_offset", "codes_consumer_high_watermark_offset"
STABLE, TURN = "codes_consumer_last_stable_offset", "codes_last_turn_timestamp_seconds"
WAITS = "codes.reserve.requests.v1, partition 3: the oldest request has waited"


EXPIRER_TURN = f'{TURN}{{namespace="prod", release="codes", job="j", instance="i", topic="expirer", partition="0"}}'

CASES: Final = (
    Case(
        "CodesLagHigh",
        "a ticket when a request waits for over a minute",
        {f"{AGE}{{{RESERVE}}}": "0+30x20"},
        "6m",
        (Fires("ticket", PLACE, f"{WAITS} 3m 0s."),),
    ),
    Case(
        "CodesLagHigh",
        "a page too when it waits for over five; of two replicas the worse counts",
        {f'{AGE}{{{RESERVE}, instance="a"}}': "0+30x20", f'{AGE}{{{RESERVE}, instance="b"}}': "0x20"},
        "20m",
        (Fires("ticket", PLACE, f"{WAITS} 10m 0s."), Fires("page", PLACE, f"{WAITS} 10m 0s.")),
    ),
    Case("CodesLagHigh", "none for a moment", {f"{AGE}{{{RESERVE}}}": "0x4 400 0x10"}, "6m"),
    Case("CodesLagHigh", "none while the lag is small", {f"{AGE}{{{RESERVE}}}": "50x20"}, "20m"),
    Case("CodesLagHigh", "none for an import that runs", {f"{AGE}{{{COMMANDS}}}": "0+60x30"}, "30m"),
    Case(
        "CodesPartitionPaused",
        "a page for a partition that a worker serves no further",
        {f"codes_partition_paused{{{RESERVE}}}": "0x2 1x20"},
        "10m",
        (
            Fires(
                "page",
                PLACE,
                "codes.reserve.requests.v1, partition 3: a worker serves it no further, after too many consecutive "
                "dead letters.",
            ),
        ),
    ),
    Case("CodesPartitionPaused", "none for the others", {f"codes_partition_paused{{{RESERVE}}}": "0x20"}, "10m"),
    Case(
        "CodesConsumerStalled",
        "when senders write and the position stands",
        {f"{POSITION}{{{RESERVE}}}": "100x20", f"{HIGH}{{{RESERVE}}}": "100+10x20"},
        "10m",
        (
            Fires(
                "page",
                PLACE,
                "codes.reserve.requests.v1, partition 3: senders write, but nothing has been answered for 5m.",
            ),
        ),
    ),
    Case(
        "CodesConsumerStalled",
        "none while the position moves, however slowly",
        {f"{POSITION}{{{RESERVE}}}": "100+1x20", f"{HIGH}{{{RESERVE}}}": "100+10x20"},
        "10m",
    ),
    Case(
        "CodesConsumerStalled",
        "none while nobody writes",
        {f"{POSITION}{{{RESERVE}}}": "100x20", f"{HIGH}{{{RESERVE}}}": "100x20"},
        "10m",
    ),
    Case(
        "CodesConsumerStalled",
        "none when another process goes on with the partition",
        {
            f'{POSITION}{{{RESERVE}, instance="a"}}': "100+10x5 stale",
            f'{POSITION}{{{RESERVE}, instance="b"}}': "_x6 160+10x14",
            f'{HIGH}{{{RESERVE}, instance="a"}}': "100+10x5 stale",
            f'{HIGH}{{{RESERVE}, instance="b"}}': "_x6 160+10x14",
        },
        "10m",
    ),
    Case(
        "CodesConsumerStalled",
        "none while an import runs and others are asked for",
        {f"{POSITION}{{{COMMANDS}}}": "1x20", f"{HIGH}{{{COMMANDS}}}": "2+1x20"},
        "15m",
    ),
    Case(
        "CodesTransactionLeftOpen",
        "when what was written ten minutes ago cannot be read yet",
        {f"{HIGH}{{{RESERVE}}}": "100 110x30", f"{STABLE}{{{RESERVE}}}": "100x30"},
        "14m",
        (
            Fires(
                "ticket",
                PLACE,
                "codes.reserve.requests.v1, partition 3: a sender's transaction has been open for 10m.",
            ),
        ),
    ),
    Case(
        "CodesTransactionLeftOpen",
        "none for transactions that end, one after the other",
        {f"{HIGH}{{{RESERVE}}}": "110+10x30", f"{STABLE}{{{RESERVE}}}": "100+10x30"},
        "30m",
    ),
    Case(
        "CodesLoopHangs",
        "when a loop does not go round",
        {EXPIRER_TURN: "0x20"},
        "10m",
        (
            Fires(
                "ticket",
                {"namespace": "prod", "job": "j", "instance": "i", "topic": "expirer", "partition": "0"},
                "expirer, partition 0: the loop on i has made no turn for 10m 0s.",
            ),
        ),
    ),
    Case(
        "CodesLoopHangs",
        "none while it turns",
        {EXPIRER_TURN: "0+60x20"},
        "10m",
    ),
    Case(
        "CodesLoopHangs",
        "none while it waits for a part",
        {
            EXPIRER_TURN: "0x20",
            'codes_part_away{namespace="prod", release="codes", job="j", instance="i", part="mongo"}': "1x20",
            'codes_part_away{namespace="prod", release="codes", job="j", instance="i", part="kafka"}': "0x20",
        },
        "10m",
    ),
    Case(
        "CodesImportsWait",
        "when a command is over an hour old",
        {f"{AGE}{{{COMMANDS}}}": "3000+60x30"},
        "15m",
        (
            Fires(
                "ticket",
                COMMAND_PLACE,
                "codes.import.commands.v1, partition 0: an import was requested 1h 5m 0s ago and has not ended.",
            ),
        ),
    ),
    Case("CodesImportsWait", "none before", {f"{AGE}{{{COMMANDS}}}": "0+60x30"}, "30m"),
)
