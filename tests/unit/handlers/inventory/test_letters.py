"""Dead letters: counted once, by campaign too, and the latest ones without what they hold."""

from datetime import UTC, datetime, timedelta

from handlers.inventory import letters as module
from handlers.inventory.letters import DeadLetters
from schemas.records import IncomingRecord

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def a_letter(partition: int, offset: int, reason: str | None = "invalid", at: datetime = NOW) -> IncomingRecord:
    """With a key, a value and a header of its sender."""
    own = () if reason is None else (("dlq-reason", reason.encode()), ("dlq-detail", b"x" * 5_000))
    stamp = int(at.timestamp() * 1000)
    return IncomingRecord(
        "t.dead-letters.v1", partition, offset, stamp, b"SECRET", b"SECRET", (("note", b"SECRET"), *own)
    )


def addresses(letters: DeadLetters, reason: str = "invalid") -> list[tuple[int, int]]:
    return [(kept.record.partition, kept.record.offset) for kept in letters.latest(reason) or ()]


def test_a_record_counts_once_by_its_reason() -> None:
    """A reason that is none of ours counts as other: nobody can make labels without end."""
    letters = DeadLetters()
    read = [(0, "not_json"), (1, "invalid"), (1, "invalid"), (0, "not_json"), (2, "SECRET-1"), (3, None)]

    added = [letters.add(a_letter(0, at, why), None) for at, why in read]

    assert [True, True, False, False, True, True] == added
    assert letters.add(a_letter(1, 0), None)
    counts = {reason: count for reason, count in letters.all.counts(NOW).items() if count}
    assert {"invalid": 2, "not_json": 1, "other": 2} == counts
    assert 0 == letters.all.counts(NOW)["too_large"]


def test_only_the_last_hours_count() -> None:
    """A mishap of yesterday is over."""
    letters = DeadLetters()
    letters.add(a_letter(0, 0, at=NOW - timedelta(hours=30)), None)
    letters.add(a_letter(0, 1, at=NOW - timedelta(hours=2)), None)

    assert 1 == letters.all.counts(NOW)["invalid"]
    assert 0 == letters.all.counts(NOW + timedelta(hours=24))["invalid"]
    assert NOW - timedelta(hours=2) == letters.all.latest_at


def test_a_campaign_has_counts_of_its_own() -> None:
    """The campaigns that had one last are kept: a sender can invent any number of ids."""
    letters = DeadLetters()
    for number in range(module.CAMPAIGNS_MAX + 1):
        letters.add(a_letter(0, number), f"c-{number}")
    letters.add(a_letter(1, 0, "not_json"), None)

    assert ["c-1000"] == list(letters.of(["c-0", "c-1000", "none"]))
    assert 1 == letters.of(["c-1000"])["c-1000"].counts(NOW)["invalid"]
    assert module.CAMPAIGNS_MAX + 2 == sum(letters.all.counts(NOW).values())


def test_the_latest_are_kept_in_whatever_order_partitions_are_read() -> None:
    """After a start, one partition may be read to its end before the next."""
    letters = DeadLetters()
    for number in range(module.KEPT_MAX):
        letters.add(a_letter(0, number, at=NOW + timedelta(seconds=number)), None)
    letters.add(a_letter(1, 0, at=NOW - timedelta(hours=1)), None)
    letters.add(a_letter(1, 1, at=NOW + timedelta(hours=1)), None)

    assert [(1, 1), (0, module.KEPT_MAX - 1)] == addresses(letters)[:2]
    assert (module.KEPT_MAX, (0, 1)) == (len(addresses(letters)), addresses(letters)[-1])
    assert letters.latest("none") is None


def test_nothing_of_the_record_is_kept() -> None:
    """Only what the service wrote about it, cut to a limit."""
    letters = DeadLetters()
    letters.add(a_letter(0, 0), "spring")
    kept = (letters.latest("invalid") or [])[0]

    assert ("spring", None, None) == (kept.campaign_id, kept.record.key, kept.record.value)
    assert ["dlq-reason", "dlq-detail"] == [name for name, _ in kept.record.headers]
    assert module.HEADER_BYTES_MAX == len(kept.record.header("dlq-detail") or b"")


def test_a_replay_is_remembered() -> None:
    """The latest notes are."""
    letters = DeadLetters()
    for number in range(module.REPLAYED_MAX + 1):
        letters.note_replay(f"r.{number}")

    assert [False, True, False] == [letters.was_replayed(name) for name in ("r.0", "r.1", None)]
