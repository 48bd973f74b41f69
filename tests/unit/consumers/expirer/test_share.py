"""The shares of all expirers cover every reservation, also when partitions are added."""

from typing import Any, Final

import pytest
from aiokafka import TopicPartition

from consumers.expirer.share import GroupShare
from tests.fakes.time import run

TOPIC: Final = "release.requests.v1"
IDS: Final = [f"r-{number}" for number in range(100)]


class Client:
    """A consumer whose metadata has a given number of partitions."""

    def __init__(self, known: int) -> None:
        self.known = known

    def partitions_for_topic(self, _topic: str) -> set[int]:
        """What its metadata has."""
        return set(range(self.known))

    def pause(self, *_: Any) -> None:
        """Nothing is fetched."""

    async def getmany(self, **_: Any) -> dict[Any, Any]:
        """No records."""
        return {}


def a_share(client: Client) -> GroupShare:
    return GroupShare(client, TOPIC)


async def assigned(share: GroupShare, *partitions: int) -> None:
    """The group has rebalanced."""
    await share.on_partitions_assigned([TopicPartition(TOPIC, number) for number in partitions])


def uncovered(*shares: GroupShare) -> list[str]:
    """What nobody requests the release of."""
    return [name for name in IDS if not any(share.has(name) for share in shares)]


def test_a_member_that_does_not_know_of_its_new_partition_yet_serves_it() -> None:
    """The leading member knew of two partitions, and the other still of one."""

    async def history() -> list[str]:
        first, second = a_share(Client(2)), a_share(Client(1))
        await assigned(first, 0)
        await assigned(second, 1)
        return uncovered(first, second)

    assert [] == run(history())


@pytest.mark.parametrize("known", [1, 2])
def test_what_is_learned_later_changes_the_share(known: int) -> None:
    """At the next look; and it begins with a look at all."""

    async def history() -> tuple[list[str], int]:
        client = Client(known)
        first, second = a_share(client), a_share(Client(3))
        await assigned(first, 0)
        await assigned(second, 1, 2)
        before = first.generation
        client.known = 3
        await first.stay()
        return uncovered(first, second), first.generation - before

    assert ([], 1) == run(history())


def test_a_share_that_stays_keeps_its_generation() -> None:
    """Each new generation costs a look at everything."""

    async def history() -> int:
        share = a_share(Client(2))
        await assigned(share, 0)
        for _ in range(3):
            await share.stay()
        return share.generation

    assert 1 == run(history())
