"""An unknown or unavailable source of the tests' stack ends the run with one line, before anything is tested."""

from pathlib import Path

import pytest

from tests.stacks import CONTAINERS, LOCAL, SOURCE, source


@pytest.mark.parametrize("given", ["", LOCAL])
def test_nothing_said_means_the_local_stack(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No Docker is asked for."""
    monkeypatch.setenv(SOURCE, given)

    assert LOCAL == source()


def test_a_source_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With those that do."""
    monkeypatch.setenv(SOURCE, "cloud")

    with pytest.raises(pytest.UsageError, match="CODES_TEST_STACK is 'cloud'; it may be local, sharded, containers"):
        source()


def test_without_docker_it_says_so_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The line names the reason."""
    monkeypatch.setenv(SOURCE, CONTAINERS)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody")

    with pytest.raises(pytest.UsageError, match=r"but Docker does not answer: .") as raised:
        source()

    assert "\n" not in str(raised.value)
