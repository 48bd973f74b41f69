"""The schedule of faults: repeatable, dense, and with time to work between outages."""

from itertools import islice, pairwise

import pytest

from tests.chaos.chunks import ChunkMoves
from tests.chaos.kinds import kinds_for
from tests.chaos.node_faults import NodeFaults
from tests.chaos.options import Options, parsed
from tests.chaos.role_faults import RoleFaults
from tests.chaos.schedule import CALM_S, GAP_S_MAX, Fault, faults

STACKS = [
    Options(1),
    Options(1, brokers=3, database_nodes=3),
    Options(1, database_shards=2),
    Options(1, brokers=3, database_shards=2, database_nodes=3),
]
COUNT = 2_000


def schedule(options: Options) -> list[Fault]:
    return list(islice(faults(options.seed, kinds_for(options, "mongod")), COUNT))


@pytest.mark.parametrize("options", STACKS)
def test_a_seed_repeats_its_schedule(options: Options) -> None:
    """Kinds, times, lengths and targets."""
    assert schedule(options) == schedule(options)


@pytest.mark.parametrize("options", STACKS)
def test_a_fault_begins_at_least_every_four_seconds(options: Options) -> None:
    """All kinds that the stack allows come up."""
    found = schedule(options)

    assert GAP_S_MAX >= max(after.at_s - before.at_s for before, after in pairwise(found))
    assert kinds_for(options, "mongod").keys() == {fault.kind for fault in found}


@pytest.mark.parametrize("options", STACKS)
def test_there_is_time_to_work_between_two_outages(options: Options) -> None:
    """Otherwise the storm would only show that nothing happens while nothing can."""
    kinds = kinds_for(options, "mongod")
    outages = [fault for fault in schedule(options) if kinds[fault.kind].is_outage]

    assert all(after.at_s >= before.at_s + before.lasts_s + CALM_S - 0.01 for before, after in pairwise(outages))


@pytest.mark.parametrize("options", STACKS)
def test_every_kind_is_carried_out_by_somebody(options: Options) -> None:
    """A kind without a carrier would end the storm in its middle."""
    carried = {
        *RoleFaults.carriers(RoleFaults.__new__(RoleFaults)),
        *NodeFaults.carriers(NodeFaults.__new__(NodeFaults)),
        *ChunkMoves.carriers(ChunkMoves.__new__(ChunkMoves)),
        *("s3_silent", "s3_refuses"),
    }

    assert kinds_for(options, "mongod").keys() <= carried


def test_a_database_that_may_lose_data_is_not_killed() -> None:
    """Only mongod keeps what it has acknowledged."""
    assert "kill_database" not in kinds_for(Options(1), "secantusd-py")


def test_a_seed_is_drawn_if_none_is_named() -> None:
    """`make chaos` passes an empty one."""
    assert parsed(["--seed="]).seed != parsed([]).seed
    assert 7 == parsed(["--seed=7"]).seed
