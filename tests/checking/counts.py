"""Rule 4: counts are true: codes by status, shards in the database, and `inventory.v1` say the same.

In:   evidence.
Out:  violations.

| rule | broken if |
|---|---|
| `shards_differ_from_codes` | the sum of a campaign's shards is not the number of its codes in some status |
| `shard_differs_from_events` | a shard's document is not its event of the highest version; version 0 has none |
| `shard_version_twice` | events of one version differ in their counts |
| `shard_version_gap` | a version of a worker's shard was not published, although nothing had failed |
| `shard_unbalanced` | a worker's shard says that codes appeared or vanished, or an importer's that any is taken |
| `negative_count` | a campaign's sum is below 0 |

A shard's counts may be negative. Versions of an importer are published only now and then, and a worker that was
killed between its two commits may publish the next version only: the totals make the lost event harmless.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tests.checking.evidence import Evidence, Output
from tests.checking.violation import Violation

STATUSES: Final = ("available", "reserved", "assigned")
WRITERS: Final = ("reserve.requests.v1.", "assign.requests.v1.", "release.requests.v1.")
"""Shards of workers are named after partitions of these topics."""
IMPORTERS: Final = "import.commands.v1."
COUNTED: Final = ("version", *STATUSES)

Sums = Counter[tuple[str, str, str]]
"""By campaign, code type and status."""


def check_counts(evidence: Evidence) -> Iterator[Violation]:
    """Compare codes, shards and events."""
    documents = evidence.history.documents.get("inventory", ())
    shards = {(shard["campaign_id"], shard["code_type"], shard["shard"]): shard for shard in documents}
    yield from check_sums(codes_by_status(evidence), sums_of(list(shards.values())))
    yield from check_versions(evidence)
    for key in [*shards, *(key for key in evidence.inventory if key not in shards)]:
        yield from compare(":".join(key), shards.get(key), evidence.inventory.get(key, ()))


def codes_by_status(evidence: Evidence) -> Sums:
    """How many codes there are."""
    return Counter(
        (document["campaign_id"], document["code_type"], document["status"]) for document in evidence.codes.values()
    )


def sums_of(shards: Sequence[Mapping[str, Any]]) -> Sums:
    """What the shards say in sum."""
    sums: Sums = Counter()
    for shard in shards:
        for status in STATUSES:
            sums[shard["campaign_id"], shard["code_type"], status] += shard[status]
    return sums


def check_sums(codes: Sums, shards: Sums) -> Iterator[Violation]:
    """Sums are those of the codes."""
    for key in sorted(codes.keys() | shards.keys()):
        if shards[key] < 0:
            yield Violation("negative_count", key, f"{codes[key]}", f"{shards[key]}")
        elif codes[key] != shards[key]:
            yield Violation("shards_differ_from_codes", key, f"{codes[key]}", f"{shards[key]}")


def compare(name: str, shard: Mapping[str, Any] | None, events: Sequence[Output]) -> Iterator[Violation]:
    """A shard's document is its last event."""
    last = max((event.fields for event in events), key=lambda fields: fields.get("version", 0), default=None)
    has_begun_only = shard is not None and shard["version"] == 0
    expected = None if shard is None or has_begun_only else [shard[counted] for counted in COUNTED]
    actual = None if last is None else [last.get(counted) for counted in COUNTED]
    if expected != actual:
        yield Violation("shard_differs_from_events", (name,), f"{expected}", f"{actual}")


def is_balanced(shard: str, counts: tuple[Any, ...]) -> bool:
    """A worker only moves codes, an importer only adds available ones. Others may correct any count."""
    available, reserved, assigned = (count or 0 for count in counts)
    if shard.startswith(WRITERS):
        return bool(available + reserved + assigned == 0)
    return not shard.startswith(IMPORTERS) or not (reserved or assigned)


def check_versions(evidence: Evidence) -> Iterator[Violation]:
    """Each version has one content; without faults a worker's shard has all versions from 1."""
    is_calm = evidence.history.last_fault_s == 0.0
    for key, events in evidence.inventory.items():
        contents: dict[int, tuple[Any, ...]] = {}
        for event in events:
            content = tuple(event.fields.get(status) for status in STATUSES)
            version = event.fields.get("version", 0)
            if contents.setdefault(version, content) != content:
                yield Violation("shard_version_twice", (":".join(key), f"{version}"), "equal counts", "others")
            if not is_balanced(key[2], content):
                yield Violation("shard_unbalanced", (":".join(key), f"{version}"), "moves only", f"{content}")
        missing = max(contents) - len(contents)
        if is_calm and missing and key[2].startswith(WRITERS):
            yield Violation("shard_version_gap", (":".join(key),), "all versions", f"{missing} missing")
