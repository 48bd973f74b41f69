"""A registry has each schema once, at its level; what is incompatible is registered only if somebody says so."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest

from ops.registry import client
from ops.registry.client import Registry, connected
from ops.registry.publishing import Verdict, compared, published
from ops.registry.subject import Level, Subject
from schemas.errors import RegistryRefused
from schemas.registry_settings import RegistrySettings
from tests.fakes.registry import FakeRegistry, serving

NARROW: Final = {"type": "object", "properties": {"quantity": {"type": "integer", "maximum": 100}}}
WIDE: Final = {"type": "object", "properties": {"quantity": {"type": "integer", "maximum": 200}}}


def a_subject(name: str, schema: Any = NARROW, level: Level = "BACKWARD") -> Subject:
    return Subject(f"{name}-value", json.dumps(schema), level)


@asynccontextmanager
async def registry_of(fake: FakeRegistry) -> AsyncIterator[Registry]:
    with serving(fake) as url:
        async with connected(RegistrySettings(url=url)) as registry:
            yield registry


def states(verdicts: list[Verdict]) -> list[tuple[Any, ...]]:
    """Of each subject its state, its version, and what was done."""
    versions = [verdict.registered and verdict.registered.version for verdict in verdicts]
    return [(verdict.state, version, *verdict.changes) for verdict, version in zip(verdicts, versions, strict=True)]


async def test_a_second_run_changes_nothing() -> None:
    """The first one registers each schema and sets its level; the second one writes nothing."""
    fake, subjects = FakeRegistry(), [a_subject("requests"), a_subject("events", level="FORWARD")]
    async with registry_of(fake) as registry:
        first, written = await published(registry, subjects), len(fake.writes)
        second = await published(registry, subjects)

    assert [("new", 1, "registered", "level set")] * 2 == states(first)
    assert [("same", 1)] * 2 == states(second)
    assert written == len(fake.writes)
    assert {"requests-value": "BACKWARD", "events-value": "FORWARD"} == fake.levels


async def test_a_comparison_writes_nothing() -> None:
    """Whatever it finds."""
    fake = FakeRegistry(level="BACKWARD")
    async with registry_of(fake) as registry:
        await published(registry, [a_subject("same"), a_subject("wider"), a_subject("narrower", WIDE)])
        written = len(fake.writes)
        subjects = [a_subject("same"), a_subject("wider", WIDE), a_subject("narrower"), a_subject("new")]
        found = await compared(registry, subjects)

    assert [("same", 1), ("compatible", None), ("incompatible", None), ("new", None)] == states(found)
    assert ["MAXIMUM_NARROWED #/properties/quantity", "{oldSchemaVersion: 1}"] == list(found[2].problems)
    assert written == len(fake.writes)


async def test_one_incompatible_schema_keeps_all_from_being_registered() -> None:
    """A version of the service is published whole, or not."""
    fake = FakeRegistry()
    async with registry_of(fake) as registry:
        await published(registry, [a_subject("narrower", WIDE)])
        found = await published(registry, [a_subject("new"), a_subject("narrower")])

    assert [("new", None), ("incompatible", None)] == states(found)
    assert ["narrower-value"] == list(fake.versions)


async def test_an_accepted_schema_is_registered_and_the_level_stays() -> None:
    """The next incompatible one is refused again."""
    fake, narrower = FakeRegistry(), a_subject("narrower")
    async with registry_of(fake) as registry:
        await published(registry, [a_subject("narrower", WIDE)])
        found = await published(registry, [narrower], accepted=[narrower.name])

    assert [("incompatible", 2, "registered")] == states(found)
    assert {"narrower-value": "BACKWARD"} == fake.levels


async def test_a_level_is_set_back_also_where_the_registry_refuses() -> None:
    """Otherwise the subject would accept everything from then on."""
    fake, narrower = FakeRegistry(), a_subject("narrower")
    async with registry_of(fake) as registry:
        await published(registry, [a_subject("narrower", WIDE)])
        fake.read_only = True
        with pytest.raises(RegistryRefused, match="read-only mode"):
            await published(registry, [narrower], accepted=[narrower.name])

    assert {"narrower-value": "BACKWARD"} == fake.levels


async def test_a_level_that_somebody_changed_is_set_again() -> None:
    """Before the schema is compared: at the changed level, the incompatible schema would be accepted."""
    fake, subject = FakeRegistry(), a_subject("narrower", WIDE)
    async with registry_of(fake) as registry:
        await published(registry, [subject])
        fake.levels[subject.name] = "NONE"
        same = await published(registry, [subject])
        fake.levels[subject.name] = "NONE"
        narrower = await published(registry, [a_subject("narrower")])

    assert [("same", 1, "level set"), ("incompatible", None, "level set")] == states([*same, *narrower])
    assert 1 == len(fake.versions[subject.name])


async def test_a_follower_that_has_not_read_a_version_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry of several nodes answers some requests from nodes that follow."""
    monkeypatch.setattr(client, "LOOK_AGAIN_S", 0.0)
    fake = FakeRegistry(unseen=2)
    async with registry_of(fake) as registry:
        found = await published(registry, [a_subject("new")])

    assert [("new", 1, "registered", "level set")] == states(found)
    assert 0 == fake.unseen


async def test_an_older_release_adds_no_version() -> None:
    """A roll-back finds its schema under the version that it had."""
    fake = FakeRegistry()
    async with registry_of(fake) as registry:
        await published(registry, [a_subject("wider")])
        await published(registry, [a_subject("wider", WIDE)])
        found = await published(registry, [a_subject("wider")])

    assert [("same", 1)] == states(found)
    assert 2 == len(fake.versions["wider-value"])
