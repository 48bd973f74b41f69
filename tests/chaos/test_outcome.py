"""The last lines of a storm."""

from pathlib import Path

from tests.chaos.files import code
from tests.chaos.options import Options
from tests.chaos.outcome import FAMILIES, Outcome, leaks
from tests.checking.violation import Violation


def outcome(*rules: str, guarantee: str = "exactly_once") -> Outcome:
    violations = [Violation(rule, ("r-1",), "1", "2") for rule in rules]
    return Outcome(Options(7, guarantee=guarantee), {}, Path("logs"), 100, 12, violations, 3, 61.4)


def test_a_storm_without_violations_ends_with_zeros() -> None:
    """One line for scripts; the line before says where the logs are."""
    zeros = "lost=0 doubled=0 double_holders=0 drift=0 unanswered=0 other=0"

    assert [
        "logs and schedule: logs",
        f"chaos: seed=7 requests=100 faults=12 {zeros} seconds=61",
    ] == list(outcome().lines())


def test_repeats_are_counted_where_they_are_allowed() -> None:
    """With `at_least_once` only."""
    assert " repeated=3 " in outcome(guarantee="at_least_once").last_line()


def test_every_violation_is_counted_and_named() -> None:
    """A rule that no figure has is another violation, never none."""
    lines = list(outcome("answered_twice", "two_holders", "brand_new").lines())

    assert "answered_twice: r-1: expected 1, found 2" == lines[0]
    assert "doubled=1 double_holders=1 drift=0 unanswered=0 other=1" in lines[-1]


def test_many_violations_of_a_rule_do_not_hide_another_rule() -> None:
    """Some of each are shown; the file beside the logs has all."""
    lines = list(outcome(*["answered_twice"] * 300, "two_holders").lines())

    assert 10 == sum(line.startswith("answered_twice: r-1") for line in lines)
    assert "two_holders: r-1: expected 1, found 2" in lines
    assert "answered_twice: 290 more, see violations.txt" in lines


def test_a_rule_is_counted_once() -> None:
    """No rule is in two figures."""
    rules = [rule for family in FAMILIES.values() for rule in family]

    assert sorted(set(rules)) == sorted(rules)


def test_a_code_in_a_log_is_found(tmp_path: Path) -> None:
    """By the beginning that all codes of a storm have. The log of a mongod is not ours."""
    (tmp_path / "worker-1.1.log").write_text(f"assigned {code('hot', 1)}")
    (tmp_path / "worker-2.1.log").write_text("assigned")
    (tmp_path / "node-database.1.log").write_text(f"slow statement {code('hot', 1)}")

    assert [("worker-1.1.log",)] == [violation.ids for violation in leaks(tmp_path)]
