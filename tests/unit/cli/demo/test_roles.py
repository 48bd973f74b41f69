"""No role outlives the demo, and the error for a role that dies has the end of its log."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.demo import roles
from cli.demo.roles import Role, RoleFailed, Roles

IGNORES_TERM = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
)


def a_role(program: str, log: Path) -> Role:
    """A process in place of a role; it has started when this returns."""
    process = subprocess.Popen(  # noqa: S603  # this very Python
        [sys.executable, "-c", program], stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    log.write_text("first line\nlast words\n")
    return Role("worker-1", process, log)


def crew_of(role: Role, tmp_path: Path) -> Roles:
    crew = Roles(tmp_path)
    crew._running = [role]
    crew._all = [role]
    return crew


def test_a_role_that_ignores_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is killed after the time limit, with a message; a second stop has nothing to do."""
    monkeypatch.setattr(roles, "STOP_LIMIT_S", 0.2)
    role = a_role(IGNORES_TERM, tmp_path / "log")
    crew = crew_of(role, tmp_path)

    messages = crew.stop()

    assert -signal.SIGKILL == role.process.returncode
    assert ["worker-1 did not end in 0.2 s and was killed"] == messages
    assert [] == crew.stop()


def test_the_error_for_a_dead_role_has_the_end_of_its_log(tmp_path: Path) -> None:
    """The demo fails at once instead of waiting for answers that cannot come."""
    role = a_role("print('up', flush=True); raise SystemExit(3)", tmp_path / "log")
    role.process.wait()
    crew = crew_of(role, tmp_path)

    with pytest.raises(RoleFailed, match=r"worker-1 ended with 3; the end of .*: first line \| last words"):
        crew.check()
    assert {"log of worker-1": "first line\nlast words\n"} == crew.texts()
