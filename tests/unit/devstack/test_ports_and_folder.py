"""Ports and the stack's folder."""

import fcntl
import socket
from pathlib import Path

import pytest

from devstack import folder
from devstack.errors import StackBusyError
from devstack.folder import Layout, begun_mark, layout_of, locked
from devstack.ports import RANGE, choose, is_free


def test_a_port_that_is_still_free_is_kept() -> None:
    """A restart does not move the stack."""
    first = choose(["broker", "controller"], {})

    assert first == choose(["broker", "controller"], first)
    assert 2 == len(set(first.values()))
    assert all(port in RANGE for port in first.values())


def test_a_port_somebody_took_is_not_waited_for() -> None:
    """Another one is chosen."""
    first = choose(["server"], {})
    with socket.create_server(("127.0.0.1", first["server"])):
        assert not is_free(first["server"])
        assert first != choose(["server"], first)


def test_the_folder_is_the_projects_unless_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An argument wins over the environment, and that over `.stack` beside this package."""
    monkeypatch.delenv("CODES_DEV_DIR", raising=False)
    assert Path(folder.__file__).parents[1] / ".stack" == layout_of(None).root

    monkeypatch.setenv("CODES_DEV_DIR", str(tmp_path / "a"))
    assert tmp_path / "a" == layout_of(None).root
    assert tmp_path / "b" == layout_of(tmp_path / "b").root


def test_a_wipe_forgets_all_but_the_class_path(tmp_path: Path) -> None:
    """Data, logs and ports go; where the jars are stays known."""
    layout = Layout(tmp_path)
    (layout.data("kafka") / "meta").touch()
    layout.state.touch()
    layout.class_path.touch()

    layout.wipe()

    assert ["class-path.json"] == [path.name for path in tmp_path.iterdir()]


def test_what_a_first_start_left_unfinished_is_removed(tmp_path: Path) -> None:
    """A part that was killed while it made its files could not read them; whole data stays."""
    layout = Layout(tmp_path)
    (layout.data("kafka") / "half").touch()
    begun_mark(layout.data("s3")).unlink()
    (layout.data("s3") / "whole").touch()

    assert ([], ["whole"]) == ([*layout.data("kafka").iterdir()], [path.name for path in layout.data("s3").iterdir()])


def test_one_command_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one says that it waits, and gives up with a clear word after its limit."""
    monkeypatch.setattr(folder, "LOCK_WAIT_S", 0.2)
    layout = Layout(tmp_path)
    reports: list[str] = []
    with layout.lock.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(StackBusyError, match="end it first"), locked(layout, reports.append):
            pass

    assert ["waiting for another `codes dev` command on this stack"] == reports
