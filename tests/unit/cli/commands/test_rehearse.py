"""`codes rehearse`: what it refuses before anything is sent, and the shapes that it prints."""

import json
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from typer.testing import CliRunner

from cli.commands.rehearse import EXITS
from cli.commands.rehearse_shape import names, names_and_files
from cli.main import app
from cli.rehearsal.history import row_of, slice_ms
from cli.rehearsal.shape import Row, parsed
from ops.exit_codes import Exit
from schemas.topics import Topics

CAMPAIGN = ("--campaign", "rehearsal-1")


def run(*arguments: str) -> Any:
    """The command, in this process."""
    return CliRunner().invoke(app, ["rehearse", *arguments])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--shape", "steady"), "--shape and --campaign are needed"),
        (("--shape", "none.csv", *CAMPAIGN), "there is no file none.csv; built-in shapes: opening, steady"),
        (("--shape", "steady", "--campaign", "spring"), "--yes-this-uses-up-codes"),
        (
            ("--shape", "steady", "--campaign", "spring", "--prepare", "--yes-this-uses-up-codes"),
            "--prepare imports random codes",
        ),
        (("--shape", "steady", "--rate", "1000", *CAMPAIGN), "30,000,000 requests"),
        (("shape",), "name a built-in shape, or a past sale"),
        (("shape", "steady", "--since", "2h"), "name a built-in shape, or a past sale"),
        (("shape", "--since", "2h", "--until", "then"), "expected RFC 3339"),
        (("shape", "--since", "1h", "--until", "2h"), "must be after --since"),
    ],
)
def test_what_does_not_fit_is_refused(arguments: tuple[str, ...], said: str) -> None:
    """Before anything is connected."""
    ended = run(*arguments)

    assert (Exit.USAGE, True) == (ended.exit_code, said in ended.stderr)


def test_a_file_that_is_no_shape_is_refused_with_its_line(tmp_path: Path) -> None:
    """The name of the file, the line, the reason."""
    file = tmp_path / "sale.csv"
    file.write_text("second,reserve,assign,release\n0,a,0,0\n")

    ended = run("--shape", str(file), *CAMPAIGN)

    assert (Exit.USAGE, f"codes: {file}: line 2: 4 numbers are expected\n") == (ended.exit_code, ended.stderr)


def test_a_built_in_shape_is_printed_as_csv_or_json(tmp_path: Path) -> None:
    """To be edited, and given back with `--shape`."""
    file = tmp_path / "sale.csv"

    printed, written = run("shape", "steady"), run("shape", "steady", "--out", str(file))
    as_json = json.loads(run("shape", "steady", "--json").stdout)
    shape = parsed("steady", printed.stdout)
    assert ("", printed.stdout) == (written.stdout, file.read_text())
    assert (300, shape.counts()) == (as_json["seconds"], as_json["counts"])
    assert shape.rows[0]._asdict() == as_json["rows"][0]


def test_a_shell_completes_shapes_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of this folder, with the beginning that was typed."""
    (tmp_path / "sale.csv").touch()
    monkeypatch.chdir(tmp_path)

    assert ["opening", "steady", "sale.csv"] == names_and_files("")
    assert (["steady", "sale.csv"], ["steady"]) == (names_and_files("s"), names("s"))


def test_exit_codes_are_those_of_every_command() -> None:
    """Missed is a failure; what shows nothing is not a success."""
    assert {"met": 0, "missed": 1, "not_judged": 5} == EXITS


@pytest.mark.parametrize(("seconds", "slice_s"), [(1, 1), (3_600, 1), (3_601, 2), (86_400, 24)])
def test_a_past_sale_is_counted_by_seconds_as_far_as_brokers_can_be_asked(seconds: int, slice_s: int) -> None:
    """At most 3,600 slices."""
    assert 1_000 * slice_s == slice_ms(0, 1_000 * seconds)


def test_a_rate_of_the_past_is_the_distance_of_offsets() -> None:
    """Over all partitions of a topic. Offsets that move back are none."""
    reserve = [TopicPartition("codes.reserve.requests.v1", number) for number in (0, 1)]
    assign = TopicPartition("codes.assign.requests.v1", 0)
    before, after = {reserve[0]: 10, reserve[1]: 20, assign: 5}, {reserve[0]: 13, reserve[1]: 25, assign: 4}

    assert Row(6.0, 4.0, 0.0, 0.0) == row_of(Topics("codes."), before, after, 6.0, 2.0)
