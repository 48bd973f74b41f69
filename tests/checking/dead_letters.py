"""Rule 1, of records that nobody can read: each has one dead letter, with its bytes and its place.

In:   evidence.
Out:  violations.

| rule | broken if |
|---|---|
| `dead_letter_missing` | an unreadable record has none |
| `dead_letter_twice` | a record has several |
| `dead_letter_bytes` | key or value are not those of the record |
| `dead_letter_unasked` | it names a readable record, or none |
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from tests.checking.evidence import Evidence, Place, header
from tests.checking.history import INPUTS, Logged
from tests.checking.violation import Violation

ORIGINAL_BYTES_MAX: Final = 4 * 1024 * 1024
"""A larger record has a dead letter without key and value."""
UNREADABLE_RANGE: Final = re.compile(rb"offsets [0-9]+ to ([0-9]+) cannot be read")
"""`dlq-detail` of a batch. It has one dead letter, with its first offset; a history has it at its last."""


def check_dead_letters(evidence: Evidence) -> Iterator[Violation]:
    """Compare unreadable records with dead letters."""
    letters: dict[Place | None, list[Logged]] = {}
    for letter in evidence.dead_letters:
        letters.setdefault(place_in(letter), []).append(letter)
    for unreadable in evidence.unreadable:
        record = unreadable.record
        found = letters.pop((record.topic, record.partition, record.offset), [])
        yield from judge_letters(record, found, once=evidence.once)
    for place, found in letters.items():
        yield Violation(
            "dead_letter_unasked", (text_of(place),), "an unreadable record", f"{len(found)} dead letters"
        )


def judge_letters(record: Logged, letters: Sequence[Logged], *, once: bool) -> Iterator[Violation]:
    """One dead letter, with the original bytes; repeats are equal."""
    place = text_of((record.topic, record.partition, record.offset))
    if not letters:
        yield Violation("dead_letter_missing", (place,), "1 dead letter", "none")
    elif len(letters) > 1 and once:
        yield Violation("dead_letter_twice", (place,), "1 dead letter", f"{len(letters)}")
    original = (None, None) if size_of(record) > ORIGINAL_BYTES_MAX else (record.key, record.value)
    if any((letter.key, letter.value) != original for letter in letters):
        yield Violation("dead_letter_bytes", (place,), "the record's key and value", "others")


def size_of(record: Logged) -> int:
    """The bytes of its content."""
    headers = sum(len(name) + len(value) for name, value in record.headers)
    return len(record.key or b"") + len(record.value or b"") + headers


def place_in(letter: Logged) -> Place | None:
    """The record that a dead letter names, by its topic without prefix."""
    topic = header(letter, "dlq-topic").decode(errors="replace")
    bare = next((name for name in INPUTS if topic.endswith(name)), None)
    numbers = [header(letter, name) for name in ("dlq-partition", "dlq-offset")]
    if bare is None or not all(number.isdigit() for number in numbers):
        return None
    batch = UNREADABLE_RANGE.match(header(letter, "dlq-detail"))
    return (bare, int(numbers[0]), int(numbers[1] if batch is None else batch[1]))


def text_of(place: Place | None) -> str:
    """A place as the service's documents write it."""
    return "no place" if place is None else f"{place[0]}.{place[1]}@{place[2]}"
