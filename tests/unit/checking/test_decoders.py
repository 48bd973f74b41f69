"""The checker reads records and files by itself, and agrees with the service on what can be read."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.decode import SizeLimits, decode_command, decode_request
from handlers.imports.cells import CodeRow
from handlers.imports.rows import Place, RowReader
from schemas.errors import ImportFailed
from schemas.records import Asked, IncomingRecord
from tests.checking.csv_rows import LINE_BYTES_MAX, rows_of
from tests.checking.history import Logged
from tests.checking.requests import COMMANDS, OPERATIONS, command_of, content_of, fields_of, fits

LIMITS = SizeLimits(65_536, 4_096, 16_384)
FILES = Path(__file__).parents[2] / "data" / "imports"
PLAIN = sorted(set(FILES.glob("*.csv")) - set(FILES.glob("packed*")))

ids = st.sampled_from(["r-1", "a" * 110, "a" * 111, "a" * 129, "expire:R:1", "expire:R:", "a b", "a\n", "", None, 7])
odd: st.SearchStrategy[Any] = st.sampled_from([None, True, 1.0, "1", [], {}, -1, 0])
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "request_id": ids,
    "campaign_id": ids,
    "fan_id": ids,
    "reservation_id": st.sampled_from(["R", "r-1", "", None, 5]),
    "code_type": st.sampled_from(["tm", "external", "TM"]) | odd,
    "quantity": st.integers(0, 101) | odd,
    "ttl_s": st.sampled_from([1, 2_592_000, 2_592_001]) | odd,
    "reason": st.sampled_from(["unused", "cancelled", "expired", "other"]) | odd,
    "bucket": st.sampled_from(["abc", "ab", "a/b", "a" * 64]) | odd,
    "key": st.sampled_from(["k", "ü" * 1_024, "k" * 1_025, ""]) | odd,
    "version_id": st.sampled_from(["v", ""]) | odd,
    "unknown": odd,
}
good = {
    "request_id": "q-1",
    "campaign_id": "c-1",
    "fan_id": "f-1",
    "reservation_id": "R",
    "bucket": "abc",
    "key": "k",
}


@st.composite
def values(draw: st.DrawFn) -> bytes:
    """Records that are nearly readable, and a few that are no JSON objects."""
    changes = draw(st.dictionaries(st.sampled_from(sorted(FIELDS)), st.none(), max_size=3))
    fields: dict[str, Any] = {**good, **{name: draw(FIELDS[name]) for name in changes}}
    for name in draw(st.sets(st.sampled_from(sorted(good)), max_size=2)):
        del fields[name]
    return draw(st.sampled_from([orjson.dumps(fields)] * 9 + [b"[]", b"", b"{", b'"x"', b"\xff"]))


def incoming(topic: str, value: bytes, headers: tuple[tuple[str, bytes], ...] = ()) -> IncomingRecord:
    """The record as the service has it."""
    return IncomingRecord(topic, 0, 0, 1_000, b"k", value, headers)


@settings(max_examples=600, deadline=None)
@given(values(), st.sampled_from(sorted(OPERATIONS)))
def test_they_agree_on_which_requests_are_readable(value: bytes, topic: str) -> None:
    """By the contract, each with code of its own."""
    read = decode_request(incoming(topic, value), topic, LIMITS)
    content = content_of(topic, fields_of(value))

    assert isinstance(read, Asked) == (content is not None)
    if isinstance(read, Asked) and content is not None:
        dumped = read.request.model_dump()
        assert dumped == {name: getattr(content, name) for name in dumped}


@settings(max_examples=300, deadline=None)
@given(values())
def test_they_agree_on_which_commands_are_readable(value: bytes) -> None:
    """As above."""
    read = decode_command(incoming(COMMANDS, value), LIMITS)
    command = command_of(fields_of(value))

    assert isinstance(read, Asked) == (command is not None)
    if isinstance(read, Asked) and command is not None:
        assert read.request.model_dump() == command._asdict()


@pytest.mark.parametrize(
    ("headers", "value_bytes"),
    [((), 0), ((), 70_000), ((("h", b"\xff"),), 0), ((("kafka_id", b"\xff"),), 0), ((("h", b"x" * 16_384),), 0)],
)
def test_they_agree_on_sizes_and_headers(headers: tuple[tuple[str, bytes], ...], value_bytes: int) -> None:
    """Too large a value, too many bytes of headers, a header that is no text."""
    value = orjson.dumps({**good, "padding": "x" * value_bytes})
    read = decode_request(incoming("reserve.requests.v1", value, headers), "reserve.requests.v1", LIMITS)

    assert isinstance(read, Asked) == fits(Logged("reserve.requests.v1", 0, 0, 1_000, b"k", value, headers))


def rows_of_importer(data: bytes) -> list[tuple[int, str, str, str]]:
    """The rows as the importer reads them."""
    reader = RowReader(Place(), None, line_bytes_max=LINE_BYTES_MAX)
    found: list[tuple[int, str, str, str]] = []
    try:
        for row in reader.read(data, final=True):
            if isinstance(row, CodeRow):
                found.append((row.line, row.code, row.code_type or "", ""))
            else:
                found.append((row.line, "", "", str(row.reason)))
    except ImportFailed:
        pass
    return found


LINES = ["A1", "A2,x", '"A3"', '"A4', 'x"y', '"A5",tm', '"a""b"', "", " ", "A6 ", "A7,external", "A8\r", "\r", "A\rB"]
LINES += [
    "code,code_type",
    "x,Code",
    ",",
    '"A9" ',
    '"multi',
    'line"',
    "ü",
    "\u00a0A10\u00a0",
    "B" * 129,
    "C" * 65_537,
]


@settings(max_examples=500, deadline=None)
@given(lines=st.lists(st.sampled_from(LINES), max_size=8), has_bom=st.booleans(), is_ended=st.booleans())
def test_they_agree_on_the_rows_of_a_file(lines: list[str], *, has_bom: bool, is_ended: bool) -> None:
    """Headers, quotes, blank lines, white space, rows that are rejected and why."""
    data = (b"\xef\xbb\xbf" if has_bom else b"") + "\n".join(lines).encode() + (b"\n" if is_ended else b"")

    assert rows_of_importer(data) == [tuple(row) for row in rows_of(data)]


@pytest.mark.parametrize(
    "path", sorted(set(FILES.glob("*.csv")) - set(FILES.glob("packed*"))), ids=lambda path: path.name
)
def test_they_agree_on_the_rows_of_each_kind_of_file(path: Path) -> None:
    """The files of the importer's own tests."""
    data = path.read_bytes()

    assert rows_of_importer(data) == [tuple(row) for row in rows_of(data)]
