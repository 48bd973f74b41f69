"""The demo's CSV files are as messy as they claim, and the same for the same seed."""

import csv
import io
from random import Random

from cli.demo.files import BOM, large_file, small_file

COUNT = 5_000


def test_a_large_file_is_like_one_from_a_spreadsheet() -> None:
    """BOM, CRLF, a header, blank lines, duplicates and bad rows; its counts are true."""
    file = large_file(Random(1), COUNT)
    text = file.content.removeprefix(BOM).decode()
    rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    values = [row[0].strip() for row in rows[1:]]
    good = {value for value in values if value.startswith("SPRING-")}

    assert file.content.startswith(BOM)
    assert ["code", "code_type", "note"] == rows[0]
    assert "\r\n\r\n" in text
    assert (COUNT, COUNT) == (file.inserted, len(good))
    assert file.rows == len(values)
    assert file.rejected == sum(not value.startswith("SPRING-") for value in values)
    assert file.duplicates == len(values) - file.rejected - COUNT
    assert min(file.duplicates, file.rejected) > 0


def test_a_small_file_is_one_code_a_line() -> None:
    """It has no header and no other lines."""
    file = small_file(Random(1), 10)

    assert (10, 0, 0, 10) == (file.inserted, file.duplicates, file.rejected, len(set(file.content.split())))


def test_the_same_seed_makes_the_same_file() -> None:
    """Another seed makes another file."""
    assert large_file(Random(1), 100) == large_file(Random(1), 100)
    assert large_file(Random(1), 100) != large_file(Random(2), 100)
