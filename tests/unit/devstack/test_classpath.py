"""Kafka's jars: when the record is believed, and what is read from jgo."""

import json
from pathlib import Path

import pytest

from devstack.classpath import (
    KAFKA_VERSION,
    VERSION,
    class_path,
    file_in,
    jars_in,
    read_record,
    wanted_version,
    write_record,
)
from devstack.errors import StackError


@pytest.fixture
def jars(tmp_path: Path) -> list[str]:
    """Two jars that are there."""
    paths = [tmp_path / "kafka.jar", tmp_path / "scala.jar"]
    for path in paths:
        path.touch()
    return [str(path) for path in paths]


def test_a_record_is_believed_while_its_jars_are_there(tmp_path: Path, jars: list[str]) -> None:
    """What was written is read again."""
    write_record(tmp_path / "record", KAFKA_VERSION, jars)

    assert jars == read_record(tmp_path / "record", KAFKA_VERSION)


def test_a_jar_that_is_gone_voids_the_record(tmp_path: Path, jars: list[str]) -> None:
    """Somebody emptied the cache: look again."""
    write_record(tmp_path / "record", KAFKA_VERSION, jars)
    Path(jars[0]).unlink()

    assert [] == read_record(tmp_path / "record", KAFKA_VERSION)


@pytest.mark.parametrize("text", ["", "[]", "{", json.dumps({"coordinates": "org:other:1", "jars": []})])
def test_a_record_of_anything_else_is_no_record(tmp_path: Path, text: str) -> None:
    """Another version's jars, half a file or another file are looked past."""
    (tmp_path / "record").write_text(text)

    assert [] == read_record(tmp_path / "record", KAFKA_VERSION)


async def test_a_known_class_path_needs_no_jgo(tmp_path: Path, jars: list[str]) -> None:
    """Later starts report no fetching, for there is none."""
    write_record(tmp_path / "record", KAFKA_VERSION, jars)
    reports: list[str] = []

    assert jars == await class_path(tmp_path / "record", KAFKA_VERSION, reports.append)
    assert [] == reports


def test_a_record_of_another_version_is_not_believed(tmp_path: Path, jars: list[str]) -> None:
    """Each version's jars have a record of their own."""
    write_record(tmp_path / "record", "4.3.1", jars)

    assert [] == read_record(tmp_path / "record", KAFKA_VERSION)


def test_another_kafka_is_asked_for_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no version becomes no part of a command."""
    monkeypatch.delenv(VERSION, raising=False)
    assert KAFKA_VERSION == wanted_version()
    monkeypatch.setenv(VERSION, "3.9.1")
    assert "3.9.1" == wanted_version()
    monkeypatch.setenv(VERSION, "4.2")
    with pytest.raises(StackError, match=VERSION):
        wanted_version()


def test_jars_are_read_from_both_lists() -> None:
    """It prints class path and module path apart; Kafka gets all of them."""
    text = "Classpath:\n/c/a.jar\n\nModule-path:\n/c/b c.jar\n"

    assert ["/c/a.jar", "/c/b c.jar"] == jars_in(text)


@pytest.mark.parametrize(
    ("line", "expected"),
    [("Downloading kafka-4.2.1.jar ━━ 1.4/1.4 kB ? 0:00:00", "kafka-4.2.1.jar"), ("kB", None), ("", None)],
)
def test_progress_names_the_file(line: str, expected: str | None) -> None:
    """Lines of progress name their file; folded rests of lines do not."""
    assert expected == file_in(line)
