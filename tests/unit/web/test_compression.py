"""The live stream as gzip: made once for all, and read by whatever unpacks gzip."""

import zlib
from http import HTTPStatus

import pytest

from schemas.settings import InventorySettings
from tests.fakes.filled_view import FilledView
from tests.fakes.web_client import api
from tests.unit.web.test_sharing import busy, streams_of
from web.compression import GZIP_HEADER, accepts_gzip, piece
from web.stream import EVERY_S, news
from web.stream import Client as Viewer


def test_pieces_follow_each_other_in_any_order() -> None:
    """A client that comes later or skips turns gets other pieces than the rest, and reads each at once."""
    contents = [b"event: lag\n\n" * 50, b"", b": still here\n\n", b"event: lag\n\n" * 50]
    reader = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    reader.decompress(GZIP_HEADER)

    assert contents == [reader.decompress(piece(content)) for content in contents]


def test_viewers_with_and_without_gzip_are_sent_the_same() -> None:
    """One text and one piece a turn, whatever the number of viewers."""
    filled = FilledView()
    streams, plain = streams_of(filled), Viewer(-1)
    packed = [Viewer(-1, is_gzip=True) for _ in range(20)]
    reader = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    for turn in range(3):
        busy(filled, turn + 1)
        text = news(streams, plain, turn * EVERY_S)
        pieces = [news(streams, viewer, turn * EVERY_S) for viewer in packed]

        assert 1 == len({id(content) for content in pieces})
        assert text == reader.decompress(pieces[0])
        assert len(pieces[0]) < len(text) / 5
        assert b"" == news(streams, packed[0], turn * EVERY_S)


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        (None, False),
        ("", False),
        ("identity", False),
        ("gzip", True),
        ("deflate, GZIP;q=0.5, br", True),
        ("gzip; q=1.0", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, br", False),
        ("xgzip", False),
    ],
)
def test_gzip_is_sent_only_where_it_is_accepted(header: str | None, accepted: bool) -> None:
    """A weight of 0 means never (RFC 9110, 12.5.3)."""
    assert accepted == accepts_gzip(header)


@pytest.mark.parametrize(("accepted", "coding"), [("gzip, deflate", "gzip"), ("identity", None)])
async def test_a_client_reads_the_stream_either_way(accepted: str, coding: str | None) -> None:
    """Each event can be read as soon as it has come."""
    filled = FilledView()
    filled.change("sale", 1, 10)
    async with api(filled, InventorySettings()) as client:
        answer = await client.get("/api/stream", headers={"Accept-Encoding": accepted})
        first = await answer.content.readline()

    assert (HTTPStatus.OK, coding) == (answer.status, answer.headers.get("Content-Encoding"))
    assert b"event: campaigns\n" == first
