"""Whether a code's value stands anywhere but where the contract allows it.

In:       values, then texts.
Out:      the ids of codes whose value stands in a text, never the value.
Promise:  one look at each text, however many codes there are, and some bytes of memory a code. A value is found where
          it stands as a word of its own or with other signs beside it; inside a longer word (a random id) it is taken
          for chance.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from secrets import token_hex
from typing import Final

from audit.history import Database, History
from audit.report import Finding
from ops.broker.records import Fields, text
from ops.telemetry.masking import MASK
from schemas.records import IncomingRecord
from schemas.topics import DEAD_LETTERS, IMPORTS, INVENTORY, RESULTS, STOCK_ALERTS

WORD_CHARACTERS_MIN: Final = 8
"""Shorter values are not looked for: a `12345678` is a code or a number, a `1234` is everywhere."""
RUN: Final = re.compile(rf'[^\s",]{{{WORD_CHARACTERS_MIN},}}')
"""Where a value can be: it holds no comma, double quote or space."""
START: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]|[!-/:-@\[-`{-~]")
"""Where in a run a value can begin: not in the midst of a word."""
CLEAN_MAX: Final = 200_000
"""Runs remembered."""
SECRET_FREE: Final = (RESULTS, INVENTORY, IMPORTS, STOCK_ALERTS)
SECRET_FREE_COLLECTIONS: Final = (
    *("requests", "reservations", "inventory", "imports", "owners"),
    *("rejects", "cancellations"),
)
OWN_HEADERS: Final = ("ce_", "dlq-", "content-type")
"""Of a dead letter only these are ours; the rest is the original record's."""
FINDINGS_MAX: Final = 100
"""Of one place: a log that tells one code tells thousands."""
BITS_PER_CODE: Final = 64
BITS_MIN: Final = 1 << 16
BITS_MAX: Final = 1 << 29
"""64 MiB, twice; with more codes than it is made for the search is slower, and finds the same."""

FindId = Callable[[str], str | None]


class Secrets:
    """Who knows all values by a few bits of each, and asks `find_id` where these fit."""

    def __init__(
        self, ids_by_value: Mapping[str, str] | None = None, *, find_id: FindId | None = None, size: int = 0
    ) -> None:
        """All values with their codes' ids; or a way to them, and how many there will be about: see `add`."""
        known = ids_by_value or {}
        bits = BITS_MIN
        while bits < min(max(size, len(known)) * BITS_PER_CODE, BITS_MAX):
            bits *= 2
        self._mask = bits - 1
        self._beginnings, self._values = bytearray(bits // 8), bytearray(bits // 8)
        self._lengths: tuple[int, ...] = ()
        self._find_id = find_id or known.get
        self._clean: set[str] = set()
        self._seals: dict[str, str] = {}
        self.too_short = 0
        for value in known:
            self.add(value)

    def add(self, value: str) -> None:
        """One more that may not be told."""
        if len(value) < WORD_CHARACTERS_MIN:
            self.too_short += 1
            return
        if len(value) not in self._lengths:
            self._lengths = (*self._lengths, len(value))
        self._set(self._beginnings, hash(value[:WORD_CHARACTERS_MIN]))
        self._set(self._values, hash(value))
        self._set(self._values, hash(value) >> 32)

    def found_in(self, content: str) -> Iterator[str]:
        """Ids of codes whose value stands there, each once."""
        plain = content.replace("\\\\", "\\")  # JSON and Python write a backslash twice
        readings = (content,) if plain == content else (content, plain)
        yield from dict.fromkeys(code_id for reading in readings for _, code_id in self._look(reading))

    def masked(self, content: str) -> str:
        """The text without the values; where two differ, the masks do, too."""
        for value, _ in set(self._look(content)):
            content = content.replace(value, self._seals.setdefault(value, MASK + token_hex(4)))
        return content

    def _look(self, content: str) -> Iterator[tuple[str, str]]:
        """The values that stand there. What was clean before is known: most of what records say, many say."""
        if not self._lengths:
            return
        for run in RUN.findall(content):
            if run in self._clean:
                continue
            found = list(self._look_closely(run))
            if not found and len(self._clean) < CLEAN_MAX:
                self._clean.add(run)
            yield from found

    def _look_closely(self, run: str) -> Iterator[tuple[str, str]]:
        for match in START.finditer(run):
            start = match.start()
            if self._has(self._beginnings, hash(run[start : start + WORD_CHARACTERS_MIN])):
                yield from self._values_at(run, start)

    def _values_at(self, run: str, start: int) -> Iterator[tuple[str, str]]:
        for length in self._lengths:
            value = run[start : start + length]
            if len(value) < length or not self._may_be(value):
                continue
            code_id = self._find_id(value)
            if code_id is not None and not is_inside_word(run, start + length):
                yield value, code_id

    def _may_be(self, value: str) -> bool:
        return self._has(self._values, hash(value)) and self._has(self._values, hash(value) >> 32)

    def _set(self, bits: bytearray, number: int) -> None:
        place = number & self._mask
        bits[place >> 3] |= 1 << (place & 7)

    def _has(self, bits: bytearray, number: int) -> bool:
        place = number & self._mask
        return bool(bits[place >> 3] >> (place & 7) & 1)


def check_leaks(history: History) -> Iterator[Finding]:
    """Search every text of a history for every value."""
    secrets = secrets_of(history)
    for topic in (*SECRET_FREE, DEAD_LETTERS):
        for record in history.records.get(topic.name, ()):
            yield from leaks_of_record(secrets, topic.name, record)
    for collection in SECRET_FREE_COLLECTIONS:
        for document in getattr(history.database, collection):
            yield from leaks_of_document(secrets, collection, document)
    for place, content in history.texts.items():
        yield from leaks_of_text(secrets, place, content)


def secrets_of(history: History) -> Secrets:
    """All that may not be told."""
    return Secrets({code.value: code.id for code in history.database.codes})


def leaks_of_record(secrets: Secrets, topic: str, record: IncomingRecord) -> Iterator[Finding]:
    """Of a record of an out topic; of a dead letter only what we say in it."""
    if topic == DEAD_LETTERS.name:
        return leaks_in(secrets, f"{topic}: headers of {name(record)}", own_headers(record))
    return leaks_in(secrets, f"{topic}: {name(record)}", whole(record))


def leaks_of_document(secrets: Secrets, collection: str, document: Fields) -> Iterator[Finding]:
    """Of any document but a code."""
    return leaks_in(secrets, f"collection {collection}, document {document['_id']}", repr(document))


def leaks_of_text(secrets: Secrets, place: str, content: str) -> Iterator[Finding]:
    """Of a log and its like."""
    for number, line in enumerate(content.splitlines(), 1):
        yield from leaks_in(secrets, f"{place}, line {number}", line)


def leaks_in(secrets: Secrets, where: str, content: str) -> Iterator[Finding]:
    """What one text tells."""
    for number, code_id in enumerate(secrets.found_in(content)):
        if number == FINDINGS_MAX:
            return
        yield Finding("leak", f"{where}: the value of code {code_id}")


def is_inside_word(content: str, end: int) -> bool:
    """Whether the word goes on where a value ends."""
    ahead = content[end - 1 : end + 1]
    return len(ahead) > 1 and ahead.isalnum()


def whole(record: IncomingRecord) -> str:
    """Key, headers and value."""
    return "\n".join([text(record.key), *headers(record.headers), text(record.value)])


def own_headers(letter: IncomingRecord) -> str:
    """What a dead letter says itself."""
    return "\n".join(headers(pair for pair in letter.headers if pair[0].startswith(OWN_HEADERS)))


def headers(pairs: Iterable[tuple[str, bytes | None]]) -> Iterator[str]:
    """Headers as text."""
    return (f"{key}: {text(value)}" for key, value in pairs)


def name(record: IncomingRecord) -> str:
    """A record in a sentence."""
    return f"{record.partition}@{record.offset}"


def too_short(database: Database) -> int:
    """Codes that are not looked for."""
    return sum(len(code.value) < WORD_CHARACTERS_MIN for code in database.codes)
