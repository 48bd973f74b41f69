"""Examines everything that the service needs, and says what to do about what is wrong.

In:       settings.
Out:      `Check`s: configuration, broker, topics, database, collections, rights, buckets, clocks.
Promise:  nothing is changed. Each part is examined by itself: one that gives no answer hides nothing of the others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from cli.exits import exit_code, remedy_of
from ops.broker.topics import migrate_topics
from ops.broker.versions import broker_versions, by_release, check_guarantee, warnings_of
from ops.exit_codes import Exit
from ops.settings.load import Settings
from ops.weaknesses.check import findings
from schemas.errors import CodeServiceError, ImportFailed
from schemas.import_reasons import IMPORT_REMEDIES
from stores.mongo.connection import connect, database
from stores.mongo.migration import Change, Refused, Step, migrate_database
from stores.mongo.privileges import missing_rights
from stores.mongo.topology import topology
from stores.s3.buckets import look_at_bucket

State = Literal["ok", "note", "failed", "unavailable"]
MIGRATE: Final = "Run codes migrate."
STANDALONE: Final = "Use a replica set, also for a single node: a standalone server has no transactions."
NTP: Final = "Synchronize both clocks (NTP)."
S3_CLOCK_S: Final = 60
"""S3 refuses requests of clients whose clock differs by more than 15 minutes; its answer is exact to the second."""


@dataclass(frozen=True, slots=True)
class Check:
    subject: str
    state: State
    detail: str
    remedy: str | None = None


Examine = Callable[[Settings], Awaitable[list[Check]]]


async def examine(settings: Settings) -> list[Check]:
    """All checks, in the order in which they should be mended."""
    found = await asyncio.gather(*(examined(subject, check, settings) for subject, check in EXAMINATIONS.items()))
    return [Check("configuration", "ok", "every setting is valid"), *(check for checks in found for check in checks)]


async def examined(subject: str, check: Examine, settings: Settings) -> list[Check]:
    """What was found; an error is a finding too."""
    try:
        return await check(settings)
    except CodeServiceError as why:
        state: State = "unavailable" if exit_code(why) is Exit.UNREACHABLE else "failed"
        return [Check(subject, state, " ".join(str(why).split()), remedy_of(why))]


async def broker(settings: Settings) -> list[Check]:
    versions = await broker_versions(settings.kafka)
    guarantee = settings.processing_guarantee
    check_guarantee(guarantee, versions)
    warned = [Check("broker", "note", f"Kafka {why}") for why in warnings_of(guarantee, versions)]
    return [Check("broker", "ok", f"Kafka {by_release(versions)}, {guarantee}"), *warned]


async def topics(settings: Settings) -> list[Check]:
    return checks_of_steps("topics", await migrate_topics(settings, check=True))


async def store(settings: Settings) -> list[Check]:
    client = connect(settings.mongo)
    try:
        found = await topology(client)
        missing = await missing_rights(client, settings.mongo.database)
    finally:
        client.close()
    version = ".".join(map(str, found.version[:3]))
    remedy = STANDALONE if found.kind == "standalone" else None
    ahead_ms = round(found.clock.ahead.total_seconds() * 1000)
    is_late = found.clock.certain.total_seconds() * 1000 > settings.expirer.clock_margin_ms
    return [
        Check("database", "failed" if remedy else "ok", f"{found.kind}, {version}", remedy),
        rights(missing),
        Check("clock", "failed" if is_late else "ok", f"MongoDB: {ahead_ms:+} ms", NTP if is_late else None),
    ]


def rights(missing: Iterable[str] | None) -> Check:
    if missing is None:
        return Check("rights", "note", "MongoDB has no access control", "Enable it in production.")
    words = ", ".join(sorted(missing))
    if words:
        return Check("rights", "failed", f"MongoDB: the user lacks {words}", "Grant readWrite on the database.")
    return Check("rights", "ok", "MongoDB: the user may read and write")


async def collections(settings: Settings) -> list[Check]:
    client = connect(settings.mongo)
    try:
        wanted = settings.mongo
        db = database(client, wanted)
        steps = await migrate_database(db, ledger_days=wanted.ledger_days, validators=wanted.validators, check=True)
    finally:
        client.close()
    return checks_of_steps("collections", steps)


def checks_of_steps(subject: str, steps: Iterable[Step]) -> list[Check]:
    """What `codes migrate` would change is missing; what only a person can change is a note."""
    steps = list(steps)
    changes = [step for step in steps if isinstance(step, Change)]
    names = ", ".join(dict.fromkeys(step.name for step in changes))
    first = (
        Check(subject, "failed", f"to be migrated: {names}", MIGRATE) if changes else Check(subject, "ok", "current")
    )
    return [first, *(_of_person(subject, step) for step in steps if not isinstance(step, Change))]


def _of_person(subject: str, step: Step) -> Check:
    assert not isinstance(step, Change)
    return Check(subject, "failed" if isinstance(step, Refused) else "note", f"{step.kind} {step.name}: {step.why}")


async def buckets(settings: Settings) -> list[Check]:
    names = settings.s3.allowed_buckets
    if not names:
        why = "any bucket is allowed, so none was checked"
        return [Check("bucket", "note", why, "Name the buckets of imports in CODES_S3__ALLOWED_BUCKETS.")]
    return [check for name in names for check in await examined(f"bucket {name}", bucket_check(name), settings)]


def bucket_check(name: str) -> Examine:
    async def check(settings: Settings) -> list[Check]:
        began = datetime.now(UTC)
        try:
            answered = await look_at_bucket(settings.s3, name)
        except ImportFailed as why:
            return [Check(f"bucket {name}", "failed", why.reason, IMPORT_REMEDIES.get(why.reason))]
        ahead_s = 0.0 if answered is None else (answered - began).total_seconds()
        found = [Check(f"bucket {name}", "ok", "accessible")]
        return (
            found if abs(ahead_s) < S3_CLOCK_S else [*found, Check("clock", "failed", f"S3: {ahead_s:+.0f} s", NTP)]
        )

    return check


async def weaknesses(settings: Settings) -> list[Check]:
    """Settings that weaken the promise, as in `codes migrate --check`."""
    found = await findings(settings)
    return [
        Check(
            f"{finding.kind} {finding.name}",
            "failed" if finding.severity == "breaks the promise" else "note",
            f"{finding.setting} is {finding.value}: {finding.why}",
            f"Set: {finding.remedy}.",
        )
        for finding in found
    ]


EXAMINATIONS: Final[dict[str, Examine]] = {
    "broker": broker,
    "topics": topics,
    "database": store,
    "collections": collections,
    "bucket": buckets,
    "settings of the parts": weaknesses,
}
