"""Whether the accounts agree: codes, inventory shards, inventory events, imports.

In:       a history.
Out:      findings `drift`, `lost` and `doubled`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from handlers.reconcile import Shelf, sums
from ops.audit.answers import MANY_MAY_SAY
from ops.audit.history import Event, History
from ops.audit.report import Finding
from ops.records import Fields
from schemas.base import CodeStatus
from schemas.topics import IMPORTS, INVENTORY


def check_accounts(history: History) -> Iterator[Finding]:
    """All checks of this file."""
    codes = Counter(Shelf(code.campaign_id, code.code_type, code.status) for code in history.database.codes)
    yield from compare(codes, sums(history.database.inventory), "the inventory shards say")
    yield from check_announced_shards(history)
    if history.is_whole:
        yield from compare(codes, sums(highest(history)), "the events of inventory.v1 say")
    yield from check_import_sums(history)
    yield from check_import_ends(history)
    yield from check_imported_codes(history)


def compare(codes: Mapping[Shelf, int], told: Mapping[Shelf, int], who: str) -> Iterator[Finding]:
    """Codes by campaign, type and status against another account of them."""
    for shelf in sorted(codes.keys() | told.keys()):
        there, said = codes.get(shelf, 0), told.get(shelf, 0)
        if there != said:
            yield Finding("drift", f"{shelf}: there are {there} codes, {who} {said}")


def highest(history: History) -> list[Fields]:
    """Each shard as the event of its highest version says."""
    latest: dict[tuple[str, str, str], Fields] = {}
    for event in history.events(INVENTORY):
        says = event.says
        shard = (says["campaign_id"], says["code_type"], says["shard"])
        if says["version"] > latest.get(shard, {"version": -1})["version"]:
            latest[shard] = says
    return list(latest.values())


def check_announced_shards(history: History) -> Iterator[Finding]:
    """A version of a shard means the same counts everywhere; none is told that was never written."""
    written = {document["_id"]: document for document in history.database.inventory}
    for says in highest(history):
        name = f"{says['campaign_id']}:{says['code_type']}:{says['shard']}"
        shard = written.get(name, {"version": 0})
        if says["version"] > shard["version"]:
            told = f"version {says['version']} was told, the database has {shard['version']}"
            yield Finding("drift", f"shard {name}: {told}")
        elif says["version"] == shard["version"] and any(says[status] != shard[status] for status in CodeStatus):
            yield Finding("drift", f"shard {name}: version {says['version']} was told with other counts")


def check_import_sums(history: History) -> Iterator[Finding]:
    """rows_read = inserted + duplicates + rejected, in every event and document."""
    for event in history.events(IMPORTS):
        says = event.says
        if says["rows_read"] != says["inserted"] + says["duplicates"] + says["rejected"]:
            yield Finding("drift", f"import {says['import_id']}: rows_read is not the sum of what became of them")
    for document in history.database.imports:
        duplicates = document["duplicates_in_file"] + document["duplicates_in_campaign"]
        if document["rows_read"] != document["inserted"] + duplicates + document["rejected"]:
            yield Finding("drift", f"import {document['_id']}: its document does not add up")


def check_import_ends(history: History) -> Iterator[Finding]:
    """A readable command has an end event, and an import ends in one way."""
    ends = {event.says["import_id"]: event for event in reversed(decisions(history))}
    for event in decisions(history):
        if figures(ends[event.says["import_id"]].says) != figures(event.says):
            yield Finding("doubled", f"import {event.says['import_id']}: ended in two ways")
    least = Counter(one.request_id for one in history.commands if one.is_served and not one.is_rejected)
    told = Counter(event.says["import_id"] for event in history.import_ends)
    for import_id, commands in least.items():
        if import_id is not None and told[import_id] < commands:
            yield Finding("lost", f"import {import_id}: asked for {commands} times, its end told {told[import_id]}")
    for document in history.database.imports:
        end = ends.get(document["_id"])
        if end is not None and end.says["inserted"] != document["inserted"]:
            yield Finding("drift", f"import {document['_id']}: its end event and its document differ")


def decisions(history: History) -> list[Event]:
    """The end events of imports that were the first of their id, and readable."""
    return [event for event in history.import_ends if event.says["reason"] not in MANY_MAY_SAY]


def check_imported_codes(history: History) -> Iterator[Finding]:
    """What imports say they inserted is there."""
    codes = Counter(code.imported_by for code in history.database.codes)
    said = {document["_id"]: document["inserted"] for document in history.database.imports}
    for import_id in sorted(codes.keys() | said.keys()):
        if codes[import_id] != said.get(import_id, 0):
            there = f"there are {codes[import_id]} codes of it, it says {said.get(import_id, 0)}"
            yield Finding("drift", f"import {import_id}: {there}")
    if not history.is_whole:
        return
    told = sum({event.says["import_id"]: event.says["inserted"] for event in decisions(history)}.values())
    if told != len(history.database.codes):
        yield Finding("drift", f"there are {len(history.database.codes)} codes, the imports' end events say {told}")


def figures(says: Fields) -> Fields:
    """How an import ended, without the time at which it was told."""
    return {name: value for name, value in says.items() if name != "at"}
