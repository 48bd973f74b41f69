"""The formats of an export: rows in, the bytes of one part out.

In:       rows, page by page.
Out:      `PartWriter` of CSV or Parquet.
Promise:  every part can be read by itself. CSV needs nothing; Parquet needs the extra `parquet`.
"""

import csv
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from io import BytesIO, StringIO
from typing import Any, Final, Literal, Protocol

from schemas.base import rfc3339
from schemas.errors import CodeServiceError
from stores.mongo.code_rows import CodeRow

Format = Literal["csv", "parquet"]
COLUMNS: Final[Mapping[str, str]] = {
    "campaign_id": "string",
    "code_id": "string",
    "code": "string",
    "code_type": "string",
    "status": "string",
    "fan_id": "string",
    "request_id": "string",
    "expires_at": "timestamp",
    "changed_at": "timestamp",
    "imported_by": "string",
}
"""Name and kind, in their order. A timestamp is RFC 3339 in CSV, and milliseconds in UTC in Parquet."""
CONTENT_TYPES: Final[Mapping[Format, str]] = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}


class ParquetMissing(CodeServiceError):
    """Parquet needs the extra `parquet`: pip install "code-service[parquet]". CSV needs nothing: --format csv."""


class PartWriter(Protocol):
    """One part in the making."""

    def add(self, campaign_id: str, rows: Iterable[CodeRow]) -> None:
        """Append rows."""

    def finish(self) -> bytes:
        """The whole part; nothing can be added any more."""


class CsvPart:
    """RFC 4180, UTF-8, with a header."""

    def __init__(self) -> None:
        self._text = StringIO(newline="")
        self._writer = csv.writer(self._text)
        self._writer.writerow(COLUMNS)

    def add(self, campaign_id: str, rows: Iterable[CodeRow]) -> None:
        """See `PartWriter.add`."""
        self._writer.writerows([csv_cells(campaign_id, row) for row in rows])

    def finish(self) -> bytes:
        """See `PartWriter.finish`."""
        return self._text.getvalue().encode()


class ParquetPart:
    """One row group for each page, compressed with zstd."""

    def __init__(self) -> None:
        self._arrow, parquet = arrow()
        kinds = {"string": self._arrow.string(), "timestamp": self._arrow.timestamp("ms", tz="UTC")}
        self._schema = self._arrow.schema([(name, kinds[kind]) for name, kind in COLUMNS.items()])
        self._bytes = BytesIO()
        self._writer = parquet.ParquetWriter(self._bytes, self._schema, compression="zstd")

    def add(self, campaign_id: str, rows: Iterable[CodeRow]) -> None:
        """See `PartWriter.add`."""
        cells = [{**row._asdict(), "campaign_id": campaign_id} for row in rows]
        columns = {name: [row[name] for row in cells] for name in COLUMNS}
        self._writer.write_table(self._arrow.table(columns, schema=self._schema))

    def finish(self) -> bytes:
        """See `PartWriter.finish`."""
        self._writer.close()
        return self._bytes.getvalue()


PARTS: Final[Mapping[Format, Callable[[], PartWriter]]] = {"csv": CsvPart, "parquet": ParquetPart}


def csv_cells(campaign_id: str, row: CodeRow) -> list[str]:
    """In the order of `COLUMNS`; empty where nothing applies."""
    holder = [row.fan_id or "", row.request_id or "", cell(row.expires_at)]
    code = [row.code_id, row.code, row.code_type, row.status]
    return [campaign_id, *code, *holder, cell(row.changed_at), row.imported_by]


def cell(instant: datetime | None) -> str:
    """In the contract's form."""
    return "" if instant is None else rfc3339(instant)


def arrow() -> tuple[Any, Any]:
    """pyarrow, and its module for Parquet.

    Raises:
        ParquetMissing: it is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415  # an extra, and heavy
        from pyarrow import parquet  # noqa: PLC0415  # as above
    except ImportError:
        raise ParquetMissing("pyarrow is not installed") from None
    return pa, parquet
