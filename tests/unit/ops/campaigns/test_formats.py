"""Both formats have the same columns and rows; without pyarrow, one line says what to install."""

import sys
from io import BytesIO

import pyarrow as pa
import pytest
from pyarrow import parquet

from cli.exits import error_line
from ops.campaigns.formats import COLUMNS, CsvPart, ParquetMissing, ParquetPart, arrow
from schemas.base import rfc3339
from tests.fakes.builders import HOUR, NOW
from tests.unit.ops.campaigns.folders import a_row

ROWS = [
    a_row(1, "reserved", fan_id="fan-1", request_id="r-1", expires_at=NOW + HOUR),
    a_row(2, "available"),
]


def test_a_part_of_csv_has_a_header_and_empty_cells() -> None:
    """RFC 4180, times in the contract's form."""
    part = CsvPart()
    part.add("summer", ROWS)

    header, held, free, end = part.finish().decode().split("\r\n")

    assert (",".join(COLUMNS), "") == (header, end)
    now, later = rfc3339(NOW), rfc3339(NOW + HOUR)
    assert f"summer,id-00000001,SECRET-00000001,tm,reserved,fan-1,r-1,{later},{now},i-1" == held
    assert f"summer,id-00000002,SECRET-00000002,tm,available,,,,{now},i-1" == free


def test_a_part_of_parquet_has_types_and_nulls() -> None:
    """Two pages are two row groups of one part."""
    part = ParquetPart()
    part.add("summer", ROWS[:1])
    part.add("summer", ROWS[1:])

    table = parquet.read_table(BytesIO(part.finish()))

    assert list(COLUMNS) == table.column_names
    assert pa.timestamp("ms", tz="UTC") == table.schema.field("expires_at").type
    assert ["fan-1", None] == table.column("fan_id").to_pylist()
    assert [NOW + HOUR, None] == table.column("expires_at").to_pylist()
    assert ["SECRET-00000001", "SECRET-00000002"] == table.column("code").to_pylist()


def test_what_is_missing_for_parquet_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install, and the other way."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(ParquetMissing) as raised:
        arrow()

    assert 'pip install "code-service[parquet]"' in error_line(raised.value)
    assert "--format csv" in error_line(raised.value)
