"""Compares subjects with a registry, and publishes what it does not have.

In:       subjects, in the order of the contract.
Out:      `Verdict`s: what the registry has of each subject, what it says against the schema, and what was done.
Promise:  idempotent: what is registered stays as it is. If one subject is incompatible, none is registered.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ops.registry.client import ANY, Registered, Registry
from ops.registry.subject import Subject

State = Literal["new", "same", "compatible", "incompatible"]
Change = Literal["registered", "level set"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A subject, and what the registry has of it."""

    subject: Subject
    state: State
    level: str | None
    """The subject's own level; None: it has none, or there is no such subject."""
    registered: Registered | None = None
    problems: Sequence[str] = ()
    changes: Sequence[Change] = ()

    @property
    def is_current(self) -> bool:
        """Whether there is nothing to publish."""
        return self.state == "same" and self.level == self.subject.level


async def compared(registry: Registry, subjects: Sequence[Subject]) -> list[Verdict]:
    """The verdicts; nothing is changed. A level that is to be set is not in force yet: the present one judges."""
    return [await judged(registry, await looked_up(registry, subject)) for subject in subjects]


async def published(registry: Registry, subjects: Sequence[Subject], accepted: Collection[str] = ()) -> list[Verdict]:
    """Set levels and register schemas. `accepted`: names of subjects that are registered although incompatible."""
    found = [await looked_up(registry, subject) for subject in subjects]
    # Some registries refuse the level of a subject that has no version yet.
    leveled = [verdict if verdict.state == "new" else await with_level(registry, verdict) for verdict in found]
    verdicts = [await judged(registry, verdict) for verdict in leveled]
    if any(is_refused(verdict, accepted) for verdict in verdicts):
        return verdicts
    return [await with_level(registry, await registered(registry, verdict)) for verdict in verdicts]


def is_refused(verdict: Verdict, accepted: Collection[str]) -> bool:
    return verdict.state == "incompatible" and verdict.subject.name not in accepted


async def looked_up(registry: Registry, subject: Subject) -> Verdict:
    """What the registry has; of a schema that it does not have, not yet whether it is compatible."""
    found, level = await registry.find(subject.name, subject.schema), await registry.level(subject.name)
    if found is not None:
        return Verdict(subject, "same", level, found)
    return Verdict(subject, "compatible" if await registry.has(subject.name) else "new", level)


async def judged(registry: Registry, verdict: Verdict) -> Verdict:
    """The same, after the registry's check of a schema that it does not have."""
    if verdict.state != "compatible":
        return verdict
    problems = await registry.problems(verdict.subject.name, verdict.subject.schema)
    return replace(verdict, state="incompatible", problems=problems) if problems else verdict


async def with_level(registry: Registry, verdict: Verdict) -> Verdict:
    """The same, with the level that the subject must have."""
    wanted = verdict.subject.level
    if verdict.level == wanted:
        return verdict
    await registry.set_level(verdict.subject.name, wanted)
    return replace(verdict, level=wanted, changes=(*verdict.changes, "level set"))


async def registered(registry: Registry, verdict: Verdict) -> Verdict:
    """The same, with a version."""
    subject = verdict.subject
    if verdict.state == "same":
        return verdict
    if verdict.state == "incompatible":
        found = await registered_anyway(registry, subject)
    else:
        found = await registry.register(subject.name, subject.schema)
    return replace(verdict, registered=found, changes=(*verdict.changes, "registered"))


async def registered_anyway(registry: Registry, subject: Subject) -> Registered:
    """Register at a level that accepts everything. The next run sets the level, should this one end in between."""
    await registry.set_level(subject.name, ANY)
    try:
        return await registry.register(subject.name, subject.schema)
    finally:
        await registry.set_level(subject.name, subject.level)
