"""`codes schemas publish`: exit codes, the table, and JSON with the keys of docs/scripting.md."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from ops.exit_codes import Exit
from schemas.errors import RegistryRefused
from schemas.topics import ALL_TOPICS, DEAD_LETTERS
from tests.docs.json_keys import check
from tests.fakes.registry import FakeRegistry, serving

PREFIX: Final = "codes.test."
RESERVE: Final = f"{PREFIX}reserve.requests.v1-value"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRegistry]:
    """An empty registry, which the environment names."""
    registry = FakeRegistry()
    with serving(registry) as url:
        monkeypatch.setenv("CODES_REGISTRY__URL", url)
        monkeypatch.setenv("CODES_TOPICS__PREFIX", PREFIX)
        yield registry


def published(*options: str) -> Result:
    return CliRunner().invoke(app, ["schemas", "publish", *options])


def states(done: Result) -> set[tuple[str, ...]]:
    return {(row["state"], *row["changes"]) for row in json.loads(done.stdout)["subjects"]}


def test_every_topic_with_json_values_is_a_subject(fake: FakeRegistry) -> None:
    """Under the topic name strategy and the prefix of the settings."""
    done = published("--json")

    assert [f"{PREFIX}{topic.name}-value" for topic in ALL_TOPICS if topic != DEAD_LETTERS] == list(fake.versions)
    assert {("new", "registered", "level set")} == states(done)
    check("codes schemas publish", done.stdout)


def test_a_second_run_says_that_it_changed_nothing(fake: FakeRegistry) -> None:
    """And all exit codes are 0."""
    first = published()
    again, checked, tried = published(), published("--check"), published("--dry-run")

    assert [Exit.OK] * 4 == [done.exit_code for done in (first, again, checked, tried)]
    assert "registered, level set" in first.stdout
    assert all(done.stdout.endswith("nothing to change\n") for done in (again, checked, tried))


@pytest.mark.parametrize(("option", "code"), [("--check", Exit.FAILED), ("--dry-run", Exit.OK)])
def test_what_is_new_fails_only_the_check(option: str, code: Exit, fake: FakeRegistry) -> None:
    """As other checks do; a pipeline asks with `--dry-run` whether a release may be published."""
    done = published(option, "--json")

    assert code == done.exit_code
    assert {("new",)} == states(done)
    assert [] == fake.writes


@pytest.mark.parametrize("options", [(), ("--check",), ("--dry-run",)])
def test_an_incompatible_schema_fails_with_the_registrys_words(options: tuple[str, ...], fake: FakeRegistry) -> None:
    """One line each, on standard error; the schema that it repeats is left out. A publication names the way out."""
    wider = without_a_limit(fake)

    done = published(*options)

    assert Exit.FAILED == done.exit_code
    assert f"codes: {RESERVE}: MAXIMUM_NARROWED #/properties/quantity\n" in done.stderr
    assert "oldSchema:" not in done.stderr
    assert (not options) == ("--accept SUBJECT" in done.stderr)
    assert [wider] == fake.versions[RESERVE]


def test_an_incompatible_schema_is_registered_if_it_is_named(fake: FakeRegistry) -> None:
    """The others are registered with it."""
    without_a_limit(fake)

    done = published("--accept", RESERVE, "--json")

    assert Exit.OK == done.exit_code
    assert 2 == len(fake.versions[RESERVE])
    assert "BACKWARD" == fake.levels[RESERVE]


def test_a_subject_that_does_not_exist_cannot_be_accepted(fake: FakeRegistry) -> None:
    """A misspelt name is a usage error, and nothing is published."""
    done = published("--accept", "reserve")

    assert (Exit.USAGE, []) == (done.exit_code, fake.asked)


def test_an_error_of_the_registry_is_the_commands(fake: FakeRegistry) -> None:
    """`main` prints it as one line."""
    fake.authorization = "Bearer another"

    done = published()

    assert isinstance(done.exception, RegistryRefused)


def test_without_an_address_it_is_a_settings_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line names the variable."""
    monkeypatch.delenv("CODES_REGISTRY__URL", raising=False)

    assert "CODES_REGISTRY__URL" in str(published().exception)


def test_an_option_before_the_command_is_not_ignored(fake: FakeRegistry) -> None:
    """`codes schemas --check publish` publishes nothing."""
    done = CliRunner().invoke(app, ["schemas", "--check", "publish"])

    assert (Exit.USAGE, []) == (done.exit_code, fake.asked)


def without_a_limit(fake: FakeRegistry) -> Any:
    """Register a schema of reserves that accepts more than this version."""
    published()
    schema = json.loads(fake.versions[RESERVE][0])
    del schema["properties"]["quantity"]["maximum"]
    fake.versions[RESERVE] = [json.dumps(schema)]
    return fake.versions[RESERVE][0]
