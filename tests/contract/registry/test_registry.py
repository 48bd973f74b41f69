"""What `codes schemas publish` relies on, in each registry: versions, levels, and the comparison of real schemas."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from interfaces.subjects import subjects
from ops.registry.client import Registry
from ops.registry.publishing import Verdict, compared, published
from ops.registry.subject import Subject
from schemas.errors import RegistryRefused
from schemas.settings import TopicSettings
from schemas.topics import ASSIGN, RESERVE, RESULTS

SUBJECTS: Final = {subject.name: subject for subject in subjects(TopicSettings())}
Edit = Callable[[Any], object]


def a_subject(topic: str, name: str) -> Subject:
    """The subject of a topic, under another name."""
    return replace(SUBJECTS[f"codes.{topic}-value"], name=name)


def edited(subject: Subject, edit: Edit) -> Subject:
    schema = json.loads(subject.schema)
    edit(schema)
    return replace(subject, schema=json.dumps(schema))


def limited(maximum: int) -> Edit:
    return lambda schema: schema["properties"]["quantity"].update(maximum=maximum)


def seen(verdict: Verdict) -> tuple[Any, ...]:
    """State, level, version, and what was done."""
    found = verdict.registered
    return (verdict.state, verdict.level, found and found.version, *verdict.changes)


async def test_all_subjects_are_published_once(registry: Registry, subject_name: str) -> None:
    """The registry accepts each schema, and finds it again; the second run changes nothing."""
    ours = [replace(subject, name=f"{name}-{subject_name}") for name, subject in SUBJECTS.items()]

    first, second = await published(registry, ours), await published(registry, ours)

    assert [("new", subject.level, 1, "registered", "level set") for subject in ours] == list(map(seen, first))
    assert [("same", subject.level, 1) for subject in ours] == list(map(seen, second))


@pytest.mark.parametrize(
    ("topic", "edit", "state"),
    [
        (RESERVE.name, limited(200), "compatible"),
        (RESERVE.name, limited(50), "incompatible"),
        (RESERVE.name, lambda schema: schema["properties"].update(more={"type": "string"}), "incompatible"),
        (RESULTS.name, lambda schema: schema["properties"].update(more={"type": "string"}), "compatible"),
        (RESULTS.name, lambda schema: schema["properties"].pop("code_ids"), "incompatible"),
        (ASSIGN.name, lambda schema: limited(200)(schema["oneOf"][1]), "compatible"),
        (ASSIGN.name, lambda schema: schema["oneOf"].pop(), "incompatible"),
    ],
)
async def test_changes_are_judged_at_the_subjects_level(
    registry: Registry, subject_name: str, topic: str, edit: Edit, state: str
) -> None:
    """As docs/registry.md lists them, but for enums: Karapace compares none. What is incompatible has a reason."""
    before = a_subject(topic, subject_name)
    await published(registry, [before])

    [verdict] = await compared(registry, [edited(before, edit)])

    assert (state, before.level, None) == seen(verdict)
    assert (state == "incompatible") == bool(verdict.problems)


async def test_an_incompatible_schema_is_refused_unless_it_is_accepted(registry: Registry, subject_name: str) -> None:
    """The level is the same afterwards; the older schema keeps its version."""
    before = a_subject(RESERVE.name, subject_name)
    narrower = edited(before, limited(50))
    await published(registry, [before])

    with pytest.raises(RegistryRefused, match=subject_name):
        await registry.register(subject_name, narrower.schema)
    [refused] = await published(registry, [narrower])
    [accepted] = await published(registry, [narrower], accepted=[subject_name])
    [older] = await published(registry, [before])

    assert ("incompatible", "BACKWARD", None) == seen(refused)
    assert ("incompatible", "BACKWARD", 2, "registered") == seen(accepted)
    assert ("same", "BACKWARD", 1) == seen(older)
    assert "BACKWARD" == await registry.level(subject_name)


async def test_what_is_no_schema_is_refused(registry: Registry, subject_name: str) -> None:
    """In one line."""
    with pytest.raises(RegistryRefused, match="status 422"):
        await registry.register(subject_name, "{")
