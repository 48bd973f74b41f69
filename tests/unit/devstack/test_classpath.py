"""Kafka's jars: when the record is believed, and what is read from jgo."""

import json
from pathlib import Path

import pytest

from devstack.classpath import class_path, file_in, jars_in, read_record, write_record


@pytest.fixture
def jars(tmp_path: Path) -> list[str]:
    """Two jars that are there."""
    paths = [tmp_path / "kafka.jar", tmp_path / "scala.jar"]
    for path in paths:
        path.touch()
    return [str(path) for path in paths]


def test_a_record_is_believed_while_its_jars_are_there(tmp_path: Path, jars: list[str]) -> None:
    """What was written is read again."""
    write_record(tmp_path / "record", jars)

    assert jars == read_record(tmp_path / "record")


def test_a_jar_that_is_gone_voids_the_record(tmp_path: Path, jars: list[str]) -> None:
    """Somebody emptied the cache: look again."""
    write_record(tmp_path / "record", jars)
    Path(jars[0]).unlink()

    assert [] == read_record(tmp_path / "record")


@pytest.mark.parametrize("text", ["", "[]", "{", json.dumps({"coordinates": "org:other:1", "jars": []})])
def test_a_record_of_anything_else_is_no_record(tmp_path: Path, text: str) -> None:
    """Another version's jars, half a file or another file are looked past."""
    (tmp_path / "record").write_text(text)

    assert [] == read_record(tmp_path / "record")


async def test_a_known_class_path_needs_no_jgo(tmp_path: Path, jars: list[str]) -> None:
    """Later starts report no fetching, for there is none."""
    write_record(tmp_path / "record", jars)
    reports: list[str] = []

    assert jars == await class_path(tmp_path / "record", reports.append)
    assert [] == reports


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
