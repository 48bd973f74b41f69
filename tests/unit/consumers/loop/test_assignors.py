"""How many partitions a rebalance moves; decision 0017 has the figures."""

import random
from collections.abc import Mapping
from typing import Any

import pytest
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor

from consumers.loop.assignors import sticky_assignor

TOPICS = {"reserve": 8, "assign": 8, "release": 8}
PARTITIONS = sum(TOPICS.values())
ROUNDS = 200


class Cluster:
    """As much of aiokafka's metadata as an assignor asks."""

    def topics(self) -> set[str]:
        """All of them."""
        return set(TOPICS)

    def partitions_for_topic(self, topic: str) -> set[int]:
        """Their numbers."""
        return set(range(TOPICS[topic]))


class Group:
    """Members, each with an assignor class of its own, and what they were given last."""

    def __init__(self, seed: int, *, sticky: bool) -> None:
        self.random = random.Random(seed)
        self.sticky = sticky
        self.members: dict[str, Any] = {}
        self.frozen: dict[str, Any] = {}
        self.owners: Mapping[tuple[str, int], str] = {}

    def join(self) -> None:
        """A new process, under an id that is no neighbour of the others'."""
        member = f"codes-{self.random.getrandbits(64):x}"
        self.members[member] = sticky_assignor() if self.sticky else RoundRobinPartitionAssignor

    def leave(self) -> Any:  # an assignor
        """One of them, whichever."""
        return self.members.pop(self.random.choice(sorted(self.members)))

    def freeze_or_thaw(self) -> None:
        """Who missed a rebalance comes back with its old claim, which others have by now."""
        if self.frozen:
            self.members.update(self.frozen)
            self.frozen.clear()
        elif len(self.members) > 1:
            member = self.random.choice(sorted(self.members))
            self.frozen[member] = self.members.pop(member)

    def rebalance(self) -> int:
        """Share out; gives how many partitions moved from a member that is still there, and checks the rest."""
        leader = next(iter(self.members.values()))
        given = leader.assign(
            Cluster(), {name: member.metadata(list(TOPICS)) for name, member in self.members.items()}
        )
        pairs = [
            ((topic, number), name)
            for name, part in given.items()
            for topic, numbers in part.assignment
            for number in numbers
        ]
        sizes = [sum(name == owner for _, owner in pairs) for name in self.members]
        assert PARTITIONS == len(pairs) == len(dict(pairs)), "each partition has one owner"
        assert max(sizes) - min(sizes) <= 1, "shares are even"
        for name, member in self.members.items():
            member.on_assignment(given[name])
        before, self.owners = self.owners, dict(pairs)
        return sum(name in self.members and self.owners[place] != name for place, name in before.items())


def moved(seed: int, *, sticky: bool, freezes: bool = False) -> float:
    """Partitions that moved without need, a rebalance."""
    group = Group(seed, sticky=sticky)
    for _ in range(3):
        group.join()
    group.rebalance()
    total = 0
    for _ in range(ROUNDS):
        if freezes and group.random.random() < 0.4:
            group.freeze_or_thaw()
        elif len(group.members) >= 4 or (len(group.members) > 2 and group.random.random() < 0.5):
            group.leave()
        else:
            group.join()
        total += group.rebalance()
    return total / ROUNDS


@pytest.mark.parametrize("seed", range(3))
def test_the_sticky_assignor_moves_less_than_half_of_what_round_robin_moves(seed: int) -> None:
    """While processes join and leave; those of a process that left must move, and are not counted."""
    assert moved(seed, sticky=True) < moved(seed, sticky=False) / 2


@pytest.mark.parametrize("seed", range(3))
def test_claims_of_processes_that_missed_a_rebalance_leave_shares_whole_and_even(seed: int) -> None:
    """`aiokafka` never gives its assignor the generation, so an old claim counts like a new one."""
    assert moved(seed, sticky=True, freezes=True) < moved(seed, sticky=False, freezes=True)


def test_two_consumers_of_a_process_do_not_share_what_they_were_given() -> None:
    """The class of one is not the class of the other."""
    first, second = sticky_assignor(), sticky_assignor()
    given = first.assign(Cluster(), {"m": first.metadata(list(TOPICS))})
    first.on_assignment(given["m"])

    assert b"" != first.metadata(["reserve"]).user_data
    assert b"" == second.metadata(["reserve"]).user_data


def test_a_leader_of_the_version_before_understands_its_members_and_the_other_way_round() -> None:
    """They meet under one protocol; round robin ignores what a member had, and says nothing of it."""
    ours, theirs = sticky_assignor(), RoundRobinPartitionAssignor
    assert theirs.name == ours.name
    for leader in (ours, theirs):
        given = leader.assign(Cluster(), {"a": ours.metadata(list(TOPICS)), "b": theirs.metadata(list(TOPICS))})
        ours.on_assignment(given["a"])

        assert PARTITIONS / 2 == len(given["a"].partitions()) == len(given["b"].partitions())
