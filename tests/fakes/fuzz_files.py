"""Generated objects to import: rows, cells and lines of every oddity, plain or gzip, whole or damaged.

Out: `a_fuzzed_file`, `FILE_KINDS`. Codes and all other text have the canary.
"""

import gzip
from collections.abc import Callable, Mapping
from random import Random
from typing import Final, NamedTuple

from tests.fakes.rejections import CANARY

TEXT: Final = CANARY.encode()
TOKENS: Final = (
    *(TEXT, TEXT + b"-1", b"A,1", b"code", b"code_type", b"CODE", b"tm", b"external", b"gold"),
    *(b",", b",,", b'"', b'""', b"\n", b"\n", b"\r\n", b"\r", b"\n\n", b" ", b"\t", b"\v", b"\x00", b"\x1c", b"\x85"),
    *(b"\xef\xbb\xbf", b"\xff", b"\xc3", "é".encode(), "\u3000".encode(), "\u2028".encode(), b"\xed\xa0\x80"),
    *(b"x" * 60, b"x" * 129, b"x" * 700, b'"\n', b'x","""\n', b"\n" * 300, b'"' * 200, b";", b"'", b"=1+1"),
)
HEADERS: Final = (b"code\n", b"code,code_type\r\n", b"name;code\n", b'"name","Code"\n', b"", b"\n\ncode\n")
TOKENS_MAX: Final = 40
MEMBERS_MAX: Final = 3
CHANGES_MAX: Final = 3


class FuzzedFile(NamedTuple):
    """An object's bytes."""

    kind: str
    data: bytes
    is_gzip: bool


def tokens(random: Random) -> bytes:
    return b"".join(random.choices(TOKENS, k=random.randrange(TOKENS_MAX)))


def noise(random: Random) -> bytes:
    return random.randbytes(random.randrange(300))


def rows(random: Random) -> bytes:
    """Mostly good rows under a header, with a few tokens between them."""
    end = random.choice((b"\n", b"\r\n"))
    lines = [b"%s-%d,tm" % (TEXT, random.randrange(20)) for _ in range(random.randrange(20))]
    lines.insert(random.randrange(len(lines) + 1), tokens(random))
    return random.choice(HEADERS) + end.join(lines) + random.choice((end, b""))


def other_encoding(random: Random) -> bytes:
    """Of a whole file."""
    encoding = random.choice(("utf-8-sig", "utf-16", "utf-32-le", "latin-1", "cp037"))
    return (f"code\n{CANARY}é\n" * random.randrange(1, 5)).encode(encoding)


TEXTS: Final[Mapping[str, Callable[[Random], bytes]]] = {
    "tokens": tokens,
    "noise": noise,
    "rows": rows,
    "other encoding": other_encoding,
}


def any_text(random: Random) -> bytes:
    return random.choice(list(TEXTS.values()))(random)


def members(random: Random) -> bytes:
    """Some of them, and zeros behind them."""
    texts = [any_text(random) for _ in range(random.randint(1, MEMBERS_MAX))]
    return b"".join(gzip.compress(text, mtime=0) for text in texts) + bytes(random.choice((0, 0, 7)))


def cut(random: Random) -> bytes:
    data = members(random)
    return data[: random.randrange(len(data))]


def mutated(random: Random) -> bytes:
    data = bytearray(members(random))
    for _ in range(random.randint(1, CHANGES_MAX)):
        data[random.randrange(len(data))] = random.randrange(256)
    return bytes(data)


def with_tail(random: Random) -> bytes:
    return members(random) + any_text(random)


def bomb(random: Random) -> bytes:
    """Much text in few bytes: lines without an end, blank lines, quotes."""
    return gzip.compress(random.choice((b"x" * 30, b"\n", b'"', b" \n", TEXT + b"\n")) * 200, mtime=0)


GZIPS: Final[Mapping[str, Callable[[Random], bytes]]] = {
    "members": members,
    "gzip cut": cut,
    "gzip mutated": mutated,
    "gzip with a tail": with_tail,
    "bomb": bomb,
    "gzip of nothing": any_text,
}
FILE_KINDS: Final = (*TEXTS, *GZIPS)


def a_fuzzed_file(random: Random, number: int) -> FuzzedFile:
    """The kinds take turns; now and then a gzip is read as a text."""
    kind = FILE_KINDS[number % len(FILE_KINDS)]
    if kind in TEXTS:
        return FuzzedFile(kind, TEXTS[kind](random), is_gzip=False)
    return FuzzedFile(kind, GZIPS[kind](random), is_gzip=random.random() < 0.9)
