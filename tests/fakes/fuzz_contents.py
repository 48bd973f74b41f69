"""Generated values of request records, by kind: what a careless, broken or malicious sender may write.

Out: `CONTENTS`, and `Kind`, of which some can never be a request.
"""

import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final, NamedTuple

from tests.fakes.fuzz_values import ODD, RAW_NUMBERS, any_text, any_value, good_fields, text_of
from tests.fakes.rejections import CANARY

Content = bytes | None
Make = Callable[[Random, str, int], Content]
"""Of a generator, a topic's name without the prefix, and the record's number."""

PLACE: Final = "@@"
"""Where a raw text is put into a JSON text, with its quotes."""
IDS: Final = ("request_id", "campaign_id")
"""No request is without them."""
VALUE_BYTES_MAX: Final = 65_536
RECORD_BYTES_MAX: Final = 800_000
"""With the longest key and the most headers, the broker takes it."""


class Kind(NamedTuple):
    """A kind of content."""

    make: Make
    is_bad: bool
    """Whether it can never be a request; of the others nothing is known."""


def with_raw(random: Random, fields: Mapping[str, Any], name: str, raw: bytes) -> bytes:
    """A request's text in which one field has this raw text as its value."""
    return text_of({**fields, name: PLACE}, random).replace(f'"{PLACE}"'.encode(), raw)


def good(random: Random, topic: str, number: int) -> Content:
    return text_of(good_fields(random, topic, number), random)


def noise(random: Random, topic: str, number: int) -> Content:
    return random.choice((b"", CANARY.encode())) + random.randbytes(random.randint(8, 300))


def truncated(random: Random, topic: str, number: int) -> Content:
    text = good(random, topic, number) or b""
    return text[: random.randrange(len(text))]


def mutated(random: Random, topic: str, number: int) -> Content:
    text = bytearray(good(random, topic, number) or b"")
    for _ in range(random.randint(1, 4)):
        text[random.randrange(len(text))] = random.choice((*b'{}[]",:\\ 0e\x00\xff', random.randrange(256)))
    return bytes(text)


def shuffled(random: Random, topic: str, number: int) -> Content:
    """Pieces of two requests."""
    texts = [good(random, topic, number) or b"" for _ in range(2)]
    middle = [random.randrange(len(text)) for text in texts]
    return texts[0][: middle[0]] + texts[1][middle[1] :]


def wrong_type(random: Random, topic: str, number: int) -> Content:
    fields = good_fields(random, topic, number)
    wrong = random.sample(sorted(fields), random.randint(1, len(fields)))
    return text_of({**fields, **{name: any_value(random) for name in wrong}}, random)


def missing(random: Random, topic: str, number: int) -> Content:
    fields = good_fields(random, topic, number)
    del fields[random.choice(IDS)]
    return text_of(fields, random)


def deep(random: Random, topic: str, number: int) -> Content:
    """An unknown field, which is ignored if it can be read at all."""
    opening, closing = random.choice((("[", "]"), ('{"x":', "}")))
    depth = random.choice((10, 500, 1_030, 5_000))
    raw = opening * depth + json.dumps(CANARY) + closing * random.choice((depth, 0))
    return with_raw(random, good_fields(random, topic, number), any_text(random), raw.encode())


def huge_number(random: Random, topic: str, number: int) -> Content:
    name = random.choice(("quantity", "ttl_s", "request_id", "unknown"))
    return with_raw(random, good_fields(random, topic, number), name, random.choice(RAW_NUMBERS).encode())


def not_a_number(random: Random, topic: str, number: int) -> Content:
    raw = random.choice((b"NaN", b"Infinity", b"-Infinity", b"nan", b"undefined"))
    return with_raw(random, good_fields(random, topic, number), random.choice(("quantity", "unknown")), raw)


def duplicate_keys(random: Random, topic: str, number: int) -> Content:
    fields = good_fields(random, topic, number)
    name = random.choice(sorted(fields))
    other = f"{json.dumps(name)}:{json.dumps(any_value(random))}".encode()
    text = text_of(fields, random)
    return b"{" + other + b"," + text[1:] if random.random() < 0.5 else text[:-1] + b"," + other + b"}"


def surrogate(random: Random, topic: str, number: int) -> Content:
    raw = random.choice((b'"\\ud800"', b'"\\udc00\\ud800"', f'"{CANARY}\\udfff"'.encode()))
    return with_raw(random, good_fields(random, topic, number), random.choice((*IDS, "unknown")), raw)


def not_utf8(random: Random, topic: str, number: int) -> Content:
    wrong = random.choice((b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", "é".encode("latin-1")))
    raw = b'"' + CANARY.encode() + wrong + b'"'
    return with_raw(random, good_fields(random, topic, number), random.choice((*IDS, "unknown")), raw)


def encoded(random: Random, topic: str, number: int) -> Content:
    text = (good(random, topic, number) or b"").decode()
    return text.encode(random.choice(("utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp037")))


def bad_id(random: Random, topic: str, number: int) -> Content:
    """Too long, or with a character that no id has; also one at the end that a careless pattern overlooks."""
    lengths = (129, 130, 1_000, 60_000)
    wrong = random.choice((CANARY.ljust(random.choice(lengths), "x"), *(CANARY + odd for odd in ODD[1:9])))
    return text_of({**good_fields(random, topic, number), random.choice(IDS): wrong}, random)


def nested(random: Random, topic: str, number: int) -> Content:
    fields = good_fields(random, topic, number)
    name = random.choice(IDS)
    return text_of({**fields, name: random.choice(([fields[name]], [[[fields]]], {name: fields[name]}))}, random)


def no_object(random: Random, topic: str, number: int) -> Content:
    fields = good_fields(random, topic, number)
    return text_of(random.choice(([fields], json.dumps(fields), CANARY, 7, None, True, [])), random)


def several(random: Random, topic: str, number: int) -> Content:
    texts = [good(random, topic, number) or b"" for _ in range(2)]
    return random.choice((b"", b"\n", b",", b" ")).join(texts)


def nothing(random: Random, topic: str, number: int) -> Content:
    return random.choice((None, b""))


def too_large(random: Random, topic: str, number: int) -> Content:
    size = RECORD_BYTES_MAX if random.random() < 0.1 else VALUE_BYTES_MAX + 1
    text = random.choice((good, noise, wrong_type))(random, topic, number) or b""
    return text + b" " * (size - len(text))


def expirers_id(random: Random, topic: str, number: int) -> Content:
    """On a release it may be the expirer's own."""
    fields = good_fields(random, topic, number)
    named = random.choice((f"{CANARY}-{number}", fields.get("reservation_id", "x")))
    request_id = f"expire:{named}:{random.choice((1, '', 'x', '²', 10**9))}"
    return text_of({**fields, "request_id": request_id, "reason": random.choice(("expired", "unused"))}, random)


def odd_text(random: Random, topic: str, number: int) -> Content:
    """White space, escapes, comments, commas: what a generous parser would read."""
    text = good(random, topic, number) or b""
    return random.choice(
        (
            b" \t\r\n" + text + b"\n",
            text.replace(b"request_id", b"request\\u005fid"),
            text[:-1] + b",}",
            b"// " + CANARY.encode() + b"\n" + text,
            text.replace(b'"', b"'"),
            text + b"\x00",
            text[:-1] + b',"' + CANARY.encode() + b'":null}',
        )
    )


CONTENTS: Final[Mapping[str, Kind]] = {
    "good": Kind(good, is_bad=False),
    "noise": Kind(noise, is_bad=True),
    "truncated": Kind(truncated, is_bad=True),
    "mutated": Kind(mutated, is_bad=False),
    "shuffled": Kind(shuffled, is_bad=False),
    "wrong type": Kind(wrong_type, is_bad=False),
    "missing": Kind(missing, is_bad=True),
    "deep": Kind(deep, is_bad=False),
    "huge number": Kind(huge_number, is_bad=False),
    "not a number": Kind(not_a_number, is_bad=True),
    "duplicate keys": Kind(duplicate_keys, is_bad=False),
    "surrogate": Kind(surrogate, is_bad=True),
    "not UTF-8": Kind(not_utf8, is_bad=True),
    "encoded": Kind(encoded, is_bad=True),
    "bad id": Kind(bad_id, is_bad=True),
    "nested": Kind(nested, is_bad=True),
    "no object": Kind(no_object, is_bad=True),
    "several": Kind(several, is_bad=True),
    "nothing": Kind(nothing, is_bad=True),
    "too large": Kind(too_large, is_bad=True),
    "expirer's id": Kind(expirers_id, is_bad=False),
    "odd text": Kind(odd_text, is_bad=False),
}
