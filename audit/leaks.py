"""Whether a code's value is anywhere but where the contract allows it.

In:       records, documents, logs.
Out:      findings that name the place and the code's id, never the value.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from audit.code_search import Secrets
from audit.history import History
from audit.report import Finding
from ops.broker.records import Fields, text
from schemas.records import IncomingRecord
from schemas.topics import DEAD_LETTERS, IMPORTS, INVENTORY, RESULTS, STOCK_ALERTS

SECRET_FREE: Final = (RESULTS, INVENTORY, IMPORTS, STOCK_ALERTS)
SECRET_FREE_COLLECTIONS: Final = (
    *("requests", "reservations", "inventory", "imports", "owners"),
    *("rejects", "cancellations"),
)
OWN_HEADERS: Final = ("ce_", "dlq-", "content-type")
"""Of a dead letter's headers, those that the service wrote; the others are the original record's."""
FINDINGS_MAX: Final = 100
"""Of one place: a log that contains one code contains thousands."""


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
    """All values."""
    return Secrets({code.value: code.id for code in history.database.codes})


def leaks_of_record(secrets: Secrets, topic: str, record: IncomingRecord) -> Iterator[Finding]:
    """Search a record of an out topic; of a dead letter only the headers that the service wrote."""
    if topic == DEAD_LETTERS.name:
        return leaks_in(secrets, f"{topic}: headers of {position(record)}", own_headers(record))
    return leaks_in(secrets, f"{topic}: {position(record)}", whole(record))


def leaks_of_document(secrets: Secrets, collection: str, document: Fields) -> Iterator[Finding]:
    """Search a document that is no code."""
    return leaks_in(secrets, f"collection {collection}, document {document['_id']}", repr(document))


def leaks_of_text(secrets: Secrets, place: str, content: str) -> Iterator[Finding]:
    """Search a log or the like."""
    for number, line in enumerate(content.splitlines(), 1):
        yield from leaks_in(secrets, f"{place}, line {number}", line)


def leaks_in(secrets: Secrets, where: str, content: str) -> Iterator[Finding]:
    """Search one text."""
    for number, code_id in enumerate(secrets.found_in(content)):
        if number == FINDINGS_MAX:
            return
        yield Finding("leak", f"{where}: the value of code {code_id}")


def whole(record: IncomingRecord) -> str:
    """Key, headers and value."""
    return "\n".join([text(record.key), *headers(record.headers), text(record.value)])


def own_headers(letter: IncomingRecord) -> str:
    """The headers that the service wrote."""
    return "\n".join(headers(pair for pair in letter.headers if pair[0].startswith(OWN_HEADERS)))


def headers(pairs: Iterable[tuple[str, bytes | None]]) -> Iterator[str]:
    """Headers as text."""
    return (f"{key}: {text(value)}" for key, value in pairs)


def position(record: IncomingRecord) -> str:
    """How a finding names a record."""
    return f"{record.partition}@{record.offset}"
