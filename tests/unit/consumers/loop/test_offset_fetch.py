"""A coordinator that does not know a group yet must not make a partition start at its first record."""

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.group_coordinator import GroupCoordinator

from consumers.loop import offset_fetch
from tests.simulation.kafka.clients import SimulatedConsumer, replacements
from tests.simulation.kafka.cluster import CLUSTER
from tests.simulation.kafka.faults import SimulatedKafka
from tests.simulation.kernel.clocks import CLOCKS, replaced
from tests.simulation.kernel.world import World, run_world

GROUP, PLACE = "workers", TopicPartition("requests", 0)
LOADING_S = 2.0


async def committed_while_loading(world: World, brokers: int) -> int | None:
    """What a consumer is given for a partition with the committed offset 5, while the coordinator loads its group."""
    kafka = SimulatedKafka(world, brokers)
    CLUSTER.set(kafka)
    kafka.create_topic(PLACE.topic, 1)
    kafka.groups.get(GROUP).offsets[PLACE] = 5
    consumer = SimulatedConsumer(bootstrap_servers="simulated", group_id=GROUP, enable_auto_commit=False)
    await consumer.start()
    consumer.assign([PLACE])
    assert 5 == await consumer.committed(PLACE)
    kafka.move_coordinator("group", GROUP, loading_s=LOADING_S)
    try:
        found: int | None = await consumer.committed(PLACE)
    finally:
        await consumer.stop()
    return found


def answer_while_loading(brokers: int) -> int | None:
    """The same, in a world of its own."""
    with replaced({**CLOCKS, **replacements()}, ("aiokafka",)):
        return run_world(1, lambda world: committed_while_loading(world, brokers))


@pytest.mark.parametrize("brokers", [1, 3])
def test_aiokafka_itself_says_that_nothing_was_committed(brokers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """When this fails, aiokafka has learned it, and `consumers/loop/offset_fetch.py` can go."""
    monkeypatch.setattr(GroupCoordinator, "_send_req", offset_fetch.SEND)

    assert answer_while_loading(brokers) is None


@pytest.mark.parametrize("brokers", [1, 3])
def test_the_offset_is_asked_for_until_the_coordinator_knows_it(
    brokers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one broker the coordinator loads the group; of three another one has it now."""
    monkeypatch.setattr(GroupCoordinator, "_send_req", offset_fetch.send_and_check)

    assert 5 == answer_while_loading(brokers)
