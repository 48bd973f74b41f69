"""Which database is run, and how."""

import sys
from pathlib import Path
from typing import Any

import pytest
from pymongo.errors import OperationFailure

from devstack.addresses import direct_uri
from devstack.database import command
from devstack.engines import Engine, Found, find_engine
from devstack.errors import PartMissingError, StackError
from devstack.replica_set import config_of, initiate


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing on it, and a virtual environment with nothing in it."""
    monkeypatch.delenv("CODES_DEV_DATABASE", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "python"))
    (tmp_path / "venv").mkdir()
    return tmp_path


def install(path: Path) -> str:
    """Make a program."""
    path.touch(mode=0o755)
    return str(path)


def test_the_best_engine_there_is_wins(programs: Path) -> None:
    """A real mongod before SecantusDB in Rust before SecantusDB in Python."""
    found = []
    for path in (programs / "venv" / "secantusd-py", programs / "secantusd-rs", programs / "mongod"):
        install(path)
        found.append(find_engine().engine)

    assert ["secantusd-py", "secantusd-rs", "mongod"] == found


def test_the_environment_forces_an_engine(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slower one is taken when asked for."""
    install(programs / "mongod")
    program = install(programs / "venv" / "secantusd-py")
    monkeypatch.setenv("CODES_DEV_DATABASE", "secantusd-py")

    assert Found("secantusd-py", program) == find_engine()


def test_a_forced_engine_that_is_missing_is_named(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No other engine stands in for the one asked for."""
    install(programs / "mongod")
    monkeypatch.setenv("CODES_DEV_DATABASE", "secantusd-rs")

    with pytest.raises(PartMissingError, match="secantusd-rs, which is missing: cargo install"):
        find_engine()


def test_a_wrong_name_is_refused(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message lists the right ones."""
    monkeypatch.setenv("CODES_DEV_DATABASE", "mysql")

    with pytest.raises(StackError, match="mongod, secantusd-rs, secantusd-py"):
        find_engine()


def test_without_any_engine_the_extra_is_named(programs: Path) -> None:
    """One line says what to install."""
    with pytest.raises(PartMissingError, match=r'pip install "code-service\[devstack\]"'):
        find_engine()


@pytest.mark.parametrize(("engine", "option"), [("mongod", "--bind_ip"), ("secantusd-rs", "--host")])
def test_engines_listen_on_this_machine_only(engine: Engine, option: str) -> None:
    """Each in its own words."""
    line = command(Found(engine, "program"), 20_001)

    assert "127.0.0.1" == line[line.index(option) + 1]
    assert "20001" == line[line.index("--port") + 1]


def test_drivers_speak_to_the_one_node() -> None:
    """Whatever the replica set calls its member, drivers stay with the address they were given."""
    assert "mongodb://127.0.0.1:20001/?directConnection=true" == direct_uri(20_001)


class Admin:
    """A mongod's admin database as far as setting up a replica set goes; no mongod comes from PyPI to ask."""

    def __init__(self, config: dict[str, Any] | None) -> None:
        self.config = config

    def command(self, name: str, value: dict[str, Any] | None = None, *, force: bool = False) -> dict[str, Any]:
        if name == "replSetInitiate" and self.config is not None:
            raise OperationFailure("already initialized", code=23)
        if name == "replSetGetConfig":
            return {"config": self.config}
        self.config = value
        return {"ok": 1}


def test_a_fresh_mongod_becomes_its_own_set() -> None:
    """One member, at the port it was given."""
    admin: Any = Admin(None)

    initiate(admin, config_of("codes", [20_001]))

    assert {"_id": "codes", "members": [{"_id": 0, "host": "127.0.0.1:20001"}]} == admin.config


def test_a_mongod_on_another_port_gets_its_new_address() -> None:
    """Its data is kept: the set is the old one with the new address."""
    member = {"_id": 0, "host": "127.0.0.1:20001"}
    admin: Any = Admin({"_id": "codes", "version": 4, "term": 2, "members": [member]})

    initiate(admin, config_of("codes", [20_009]))

    moved = {"_id": "codes", "version": 5, "term": 2, "members": [{"_id": 0, "host": "127.0.0.1:20009"}]}
    assert moved == admin.config
