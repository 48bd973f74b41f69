"""Whether a code's value stands anywhere but where the contract allows it.

In:       a history.
Out:      findings `leak`, which name the place and the code's id, never the value.
Promise:  one look at each text, however many codes there are. A value is found where it stands as a word of its
          own or with other signs beside it; inside a longer word (a random id) it is taken for chance.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from ops.audit.history import Database, History
from ops.audit.report import Finding
from ops.masking import MASK
from ops.records import text
from schemas.records import IncomingRecord
from schemas.topics import DEAD_LETTERS, IMPORTS, INVENTORY, RESULTS, STOCK_ALERTS

WORD_CHARACTERS_MIN: Final = 8
"""Shorter values are not looked for: a `12345678` is a code or a number, a `1234` is everywhere."""
RUN: Final = re.compile(rf'[^\s",]{{{WORD_CHARACTERS_MIN},}}')
"""Where a value can be: it holds no comma, double quote or space."""
START: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]|[!-/:-@\[-`{-~]")
"""Where in a run a value can begin: not in the midst of a word."""
CLEAN_MAX: Final = 500_000
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


class Text(NamedTuple):
    """Something that is looked through."""

    where: str
    text: str


def check_leaks(history: History) -> Iterator[Finding]:
    """Search every text for every value."""
    secrets = secrets_of(history)
    for where, content in texts(history):
        for number, code_id in enumerate(secrets.found_in(content)):
            if number == FINDINGS_MAX:
                break
            yield Finding("leak", f"{where}: the value of code {code_id}")


def secrets_of(history: History) -> "Secrets":
    """All that may not be told."""
    return Secrets({code.value: code.id for code in history.database.codes})


class Secrets:
    """All values, so arranged that one pass through a text finds any of them."""

    def __init__(self, ids_by_value: Mapping[str, str]) -> None:
        self._ids = {value: code_id for value, code_id in ids_by_value.items() if len(value) >= WORD_CHARACTERS_MIN}
        self._clean: set[str] = set()
        self._lengths: dict[str, list[int]] = {}
        for value in self._ids:
            lengths = self._lengths.setdefault(value[:WORD_CHARACTERS_MIN], [])
            if len(value) not in lengths:
                lengths.append(len(value))

    def found_in(self, content: str) -> Iterator[str]:
        """Ids of codes whose value stands there, each once."""
        plain = content.replace("\\\\", "\\")  # JSON and Python write a backslash twice
        readings = (content,) if plain == content else (content, plain)
        yield from dict.fromkeys(self._ids[value] for reading in readings for value in self._look(reading))

    def masked(self, content: str) -> str:
        """The text without the values."""
        for value in set(self._look(content)):
            content = content.replace(value, MASK)
        return content

    def _look(self, content: str) -> Iterator[str]:
        """The values that stand there. What was clean before is known: most of what records say, many say."""
        for run in RUN.findall(content):
            if run in self._clean:
                continue
            found = list(self._look_closely(run))
            if not found and len(self._clean) < CLEAN_MAX:
                self._clean.add(run)
            yield from found

    def _look_closely(self, run: str) -> Iterator[str]:
        for match in START.finditer(run):
            start = match.start()
            for length in self._lengths.get(run[start : start + WORD_CHARACTERS_MIN], ()):
                value = run[start : start + length]
                if value in self._ids and not is_inside_word(run, start + length):
                    yield value


def is_inside_word(content: str, end: int) -> bool:
    """Whether the word goes on where a value ends."""
    ahead = content[end - 1 : end + 1]
    return len(ahead) > 1 and ahead.isalnum()


def texts(history: History) -> Iterator[Text]:
    """All that may tell no secret."""
    for topic in SECRET_FREE:
        for record in history.records.get(topic.name, ()):
            yield Text(f"{topic.name}: {name(record)}", whole(record))
    for letter in history.records.get(DEAD_LETTERS.name, ()):
        yield Text(f"{DEAD_LETTERS.name}: headers of {name(letter)}", own_headers(letter))
    yield from documents(history.database)
    for place, content in history.texts.items():
        for number, line in enumerate(content.splitlines(), 1):
            yield Text(f"{place}, line {number}", line)


def documents(database: Database) -> Iterator[Text]:
    """Every document but the codes."""
    for collection in SECRET_FREE_COLLECTIONS:
        for document in getattr(database, collection):
            yield Text(f"collection {collection}, document {document['_id']}", repr(document))


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
