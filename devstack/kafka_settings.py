"""Kafka's settings: those of a node, alone or in a cluster, and those of its JVM.

In:       the ports of all nodes, and which node it is.
Out:      the text of `server.properties`; options for Java.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from devstack.ports import HOST

REPLICAS_MAX = 3

JVM = (
    "-Xms128m",
    "-XX:+UseSerialGC",  # two cores are shared with everything else
    # A broker that lives for minutes never earns back what the second compiler costs. For 90,000 requests of
    # `python -m benchmarks` it takes 0.13 ms of CPU a request, with the second compiler 0.23 ms (two rounds each).
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",  # else every JVM leaves a file outside of the stack's folder
    "-Djava.io.tmpdir=tmp",  # compression libraries unpack themselves here
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS",
)
JVM_ALONE = ("-Xmx512m",)
JVM_IN_CLUSTER = ("-Xmx256m",)
"""Three brokers take about 1 GiB."""


def jvm(nodes: int) -> tuple[str, ...]:
    """The options of a node's JVM."""
    return (*JVM, *(JVM_ALONE if nodes == 1 else JVM_IN_CLUSTER))


@dataclass(frozen=True)
class Listener:
    """A further door of a single node, for tests of secured connections. The stack itself has none."""

    name: str
    protocol: str
    port: int
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of this listener alone, without the prefix `listener.name.<name>.`."""


@dataclass(frozen=True)
class Secured:
    """What a test adds to a node: listeners, users that the log is formatted with, settings, options for Java."""

    listeners: tuple[Listener, ...] = ()
    format_options: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    jvm: tuple[str, ...] = ()


OPEN = Secured()
"""No more than the stack needs."""


def properties(node: int, ports: Sequence[Mapping[str, int]], more: Secured = OPEN) -> str:
    """The settings of node number `node`, counted from 1. Paths are relative to its folder: none needs escaping."""
    own = ports[node - 1]
    broker, controller = f"{HOST}:{own['broker']}", f"{HOST}:{own['controller']}"
    settings = {
        "process.roles": "broker,controller",
        "node.id": node,
        "controller.quorum.voters": ",".join(_voter(number, other) for number, other in enumerate(ports, 1)),
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "BROKER",
        "listener.security.protocol.map": _joined(
            "BROKER:PLAINTEXT", "CONTROLLER:PLAINTEXT", *(f"{door.name}:{door.protocol}" for door in more.listeners)
        ),
        "listeners": _joined(f"BROKER://{broker}", f"CONTROLLER://{controller}", *map(_address, more.listeners)),
        "advertised.listeners": _joined(f"BROKER://{broker}", *map(_address, more.listeners)),
        "log.dirs": "log",
        "auto.create.topics.enable": "false",
        **replication(len(ports)),
        **QUICK,
        **more.settings,
        **{
            f"listener.name.{listener.name.lower()}.{name}": value
            for listener in more.listeners
            for name, value in listener.settings.items()
        },
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def replication(nodes: int) -> dict[str, int]:
    """Settings whose defaults need three nodes, or suit one: on three nodes, every topic survives the loss of one."""
    replicas = min(nodes, REPLICAS_MAX)
    in_sync = max(1, replicas - 1)
    return {
        "default.replication.factor": replicas,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": replicas,
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": in_sync,
    }


QUICK = {
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 1_000,  # tests see the partitions of a dead member move within a second
    "broker.session.timeout.ms": 4_000,  # after a SIGKILL the controller waits this long for the old broker
    "broker.heartbeat.interval.ms": 1_000,
    "offsets.topic.num.partitions": 8,
    "transaction.state.log.num.partitions": 8,
    "metadata.max.idle.interval.ms": 0,  # else the controller writes two records every second
    "log.cleaner.dedupe.buffer.size": 16_777_216,  # the default takes a quarter of the heap
}
"""Settings for quick starts, quick tests and little memory."""


def _joined(*texts: str) -> str:
    return ",".join(texts)


def _address(listener: Listener) -> str:
    return f"{listener.name}://{HOST}:{listener.port}"


def _voter(node: int, ports: Mapping[str, int]) -> str:
    return f"{node}@{HOST}:{ports['controller']}"
