"""What a worker's metrics and a router's counters say about a run."""

from benchmarks.probes import NONE, Counters, counted, total

METRICS = """# HELP codes_conflicts_total Stale plans.
codes_conflicts_total{cause="moved",topic="a"} 3.0
codes_conflicts_total{cause="write_conflict",topic="a"} 4.0
codes_conflicts_total_created 99.0
codes_batch_records_count 20.0
"""


def test_a_metric_is_summed_over_its_labels() -> None:
    """Another metric whose name begins alike does not count."""
    assert (7.0, 20.0, 0.0) == tuple(
        total(METRICS, name) for name in ("codes_conflicts_total", "codes_batch_records_count", "codes_waits_total")
    )


def test_the_shards_of_all_types_of_commits_count() -> None:
    """As a router lists them."""
    types = {"singleShard": {"successful": 3}, "twoPhaseCommit": {"initiated": 9, "successful": 5}}

    assert Counters(8, 13) == counted({"commitTypes": types, "totalParticipantsAtCommit": 13})


def test_a_node_without_shards_counts_nothing() -> None:
    """A mongod has transactions too, but no participants."""
    assert NONE == counted({"totalCommitted": 5})
