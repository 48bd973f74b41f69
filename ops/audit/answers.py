"""Whether everybody who asked was answered, once, and with what was decided.

In:       a history.
Out:      findings `lost`, `doubled` and `drift`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from ops.audit.history import Event, History, Place, place_of
from ops.audit.report import Finding
from ops.records import Fields, fields_of
from schemas.base import EXPIRER_PREFIX
from schemas.documents import LedgerDocument
from schemas.records import IncomingRecord
from schemas.topics import ASSIGNED, IMPORTS, INVENTORY, RESULTS

MANY_MAY_SAY = ("request_id_reused", "invalid_request")
"""Refusals that stand beside the one answer that an id has."""


def check_answers(history: History) -> Iterator[Finding]:
    """All checks of this file."""
    yield from check_forms(history)
    yield from check_counts(history)
    yield from check_dead_letters(history)
    yield from check_identities(history)
    yield from check_one_decision(history)
    yield from check_ledger(history)


def check_forms(history: History) -> Iterator[Finding]:
    """Everything sent out is of the contract's form."""
    for place, problem in history.malformed.items():
        yield Finding("drift", f"{place}: {problem}")


def check_counts(history: History) -> Iterator[Finding]:
    """As many results as request records, by id. What is not served yet may be answered, but need not be."""
    asked = [one for one in history.requests if one.must_be_answered]
    least = Counter(one.request_id for one in asked if one.is_served)
    most = Counter(one.request_id for one in asked)
    told = Counter(event.says.get("request_id") for event in history.results)
    for request_id, records in least.items():
        if told[request_id] < records:
            yield Finding("lost", f"request {request_id}: sent {records} times, answered {told[request_id]} times")
    if history.since_ms or history.guarantee == "at_least_once":
        return
    for request_id, results in told.items():
        if results > most[request_id]:
            yield Finding("doubled", f"request {request_id}: sent {most[request_id]} times, answered {results} times")


def check_dead_letters(history: History) -> Iterator[Finding]:
    """Who cannot be answered has a dead letter; each record has at most one, with its own bytes."""
    askings = (*history.requests, *history.commands)
    for asking in askings:
        if asking.is_served and asking.request_id is None and not asking.is_rejected:
            yield Finding(
                "lost", f"{place_of(asking.record)}: no request id can be read, and there is no dead letter"
            )
    originals = {place_of(asking.record): asking.record for asking in askings}
    for source, letters in history.dead_letters.items():
        if len(letters) > 1 and history.guarantee == "exactly_once":
            yield Finding("doubled", f"{source}: {len(letters)} dead letters")
        yield from check_bytes(source, letters, originals.get(source))


def check_bytes(
    source: Place, letters: Iterable[IncomingRecord], original: IncomingRecord | None
) -> Iterator[Finding]:
    """A dead letter is the record as it came."""
    for letter in letters:
        if original is not None and (letter.key, letter.value) != (original.key, original.value):
            yield Finding("lost", f"{source}: the dead letter holds other bytes than the record")


def check_identities(history: History) -> Iterator[Finding]:
    """One `ce_id` means one body; a reader that has seen it may drop what comes again."""
    for topic in (RESULTS, ASSIGNED, INVENTORY, IMPORTS):
        bodies: dict[str, bytes | None] = {}
        for event in history.events(topic):
            if bodies.setdefault(event.ce_id, event.record.value) != event.record.value:
                yield Finding("doubled", f"{topic.name}: ce_id {event.ce_id} has two different bodies")


def check_one_decision(history: History) -> Iterator[Finding]:
    """A request id has one answer; beside it only refusals of other content under the same id."""
    decisions: dict[str, bytes | None] = {}
    for event in history.results:
        request_id = str(event.says.get("request_id"))
        if event.says.get("reason") in MANY_MAY_SAY:
            continue
        if decisions.setdefault(request_id, event.record.value) != event.record.value:
            yield Finding("doubled", f"request {request_id}: two different decisions were told")


def check_ledger(history: History) -> Iterator[Finding]:
    """What was told is what was decided, word for word."""
    told: dict[str, list[Fields]] = {}
    for event in history.results:
        told.setdefault(str(event.says.get("request_id")), []).append(event.says)
    for document in history.database.requests:
        entry = LedgerDocument.model_validate(document, strict=False)
        answers = told.get(entry.id)
        if answers and fields_of(entry.outcome.to_json()) not in answers:
            yield Finding("drift", f"request {entry.id}: what was told is not what the ledger holds")


def outcome_of(event: Event) -> str:
    """`reserved`, `assigned`, `released`, `refused`; `expired` for a release that the expirer asked for."""
    outcome = str(event.says.get("outcome"))
    by_expirer = str(event.says.get("request_id")).startswith(EXPIRER_PREFIX)
    return "expired" if outcome == "released" and by_expirer else outcome
