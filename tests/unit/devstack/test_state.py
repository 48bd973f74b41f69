"""The state file: whole or not at all."""

from pathlib import Path
from typing import Any

import pytest

from devstack.errors import StackError
from devstack.state import PartRecord, State, StateFile


def a_record(**changes: object) -> PartRecord:
    """Make a record that differs from the usual one in what is named."""
    fields: dict[str, Any] = {
        "name": "s3",
        "engine": "moto",
        "version": "5",
        "pid": 1,
        "born_at": 1.5,
        "ports": {"server": 20_001},
        "log": Path("s3.log"),
        "command": ("moto",),
    }
    return PartRecord(**(fields | changes))


@pytest.fixture
def file(tmp_path: Path) -> StateFile:
    """A file that is not there yet."""
    return StateFile(tmp_path / "state.json")


def test_nothing_known_is_an_empty_state(file: StateFile) -> None:
    """A folder nobody used reads as no parts and no ports."""
    assert State() == file.read()


def test_a_record_comes_back_as_it_was(file: StateFile) -> None:
    """Another program reads what this one wrote, birth included."""
    file.put(a_record(ready=True))

    assert {"s3": a_record(ready=True)} == file.read().parts


def test_ports_outlive_the_part(file: StateFile) -> None:
    """A forgotten part has its ports remembered, and the others are as they were."""
    file.put(a_record())
    file.put(a_record(name="kafka", ports={"broker": 20_002, "controller": 20_003}))

    file.forget(["s3"])

    state = file.read()
    assert ["kafka"] == list(state.parts)
    assert {"server": 20_001} == state.ports["s3"]


def test_no_second_file_is_left(file: StateFile, tmp_path: Path) -> None:
    """The file is replaced, and what it was written to first is gone."""
    file.put(a_record())

    assert ["state.json"] == [path.name for path in tmp_path.iterdir()]


def test_an_unreadable_file_is_named(file: StateFile, tmp_path: Path) -> None:
    """Half a file is not taken for an empty one: parts may run that it knew."""
    (tmp_path / "state.json").write_text('{"parts": {')

    with pytest.raises(StackError, match=r"state\.json is unreadable"):
        file.read()


def test_clients_use_the_first_port() -> None:
    """Of Kafka's two ports the broker's is the one to speak to."""
    assert 20_002 == a_record(ports={"broker": 20_002, "controller": 20_003}).port
