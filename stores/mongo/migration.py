"""The database brought to what the service needs: collections, validators, indexes.

In:       a database in any state, empty or used by an earlier version.
Out:      what was changed, and what a person must change.
Promise:  may be run again and again, and by several at once; nothing is ever dropped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pymongo
from pymongo.errors import OperationFailure

from schemas.errors import StoreRefused
from stores.mongo.connection import Database
from stores.mongo.errors import DUPLICATE_KEY, translated
from stores.mongo.specs import CollectionSpec, IndexSpec, collections
from stores.mongo.validators import validator_of

BUILD_TIMEOUT_S: Final = 3_600
"""Seconds an index may take: over many documents, while the service runs."""
NAMESPACE_EXISTS: Final = 48
VALIDATION: Final = {"validationLevel": "strict", "validationAction": "error"}
EXPIRY: Final = "expireAfterSeconds"
COMPARED: Final = ("key", "unique", "partialFilterExpression", EXPIRY)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that was changed, or would be."""

    kind: str
    """`collection`, `validator`, `index`."""
    name: str
    what: str
    """`created`, or what was altered."""


@dataclass(frozen=True, slots=True)
class Warned:
    """One thing that is not as it should be, and that only a person can change."""

    kind: str
    name: str
    why: str


Step = Change | Warned


async def migrate_database(db: Database, *, ledger_days: int, check: bool) -> list[Step]:
    """Bring every collection to its specification; with `check` only say what would be done.

    Raises:
        StoreUnavailable: MongoDB gave no answer. What was done stays; run it again.
        StoreRefused: MongoDB will not do a step (rights, documents that break a unique index).
    """
    steps: list[Step] = []
    with translated():
        existing = {listed["name"]: listed async for listed in await db.list_collections()}
        for spec in collections(ledger_days):
            steps += await _migrate(db, spec, existing.get(spec.name), check=check)
    return steps


async def _migrate(
    db: Database, spec: CollectionSpec, existing: Mapping[str, Any] | None, *, check: bool
) -> list[Step]:
    if existing is None and check:
        return [Change("collection", spec.name, "created"), *_would_be_new(spec)]
    steps: list[Step] = []
    if existing is None:
        steps += await _create(db, spec.name)
    steps += await _set_validator(db, spec, (existing or {}).get("options", {}), check=check)
    listed = [index async for index in db[spec.name].list_indexes()]
    for index in spec.indexes:
        steps += await _set_index(db, spec.name, index, listed, check=check)
    return steps


def _would_be_new(spec: CollectionSpec) -> list[Step]:
    indexes = [Change("index", f"{spec.name}.{index.name}", "created") for index in spec.indexes]
    return [Change("validator", spec.name, "created"), *indexes]


async def _create(db: Database, name: str) -> list[Step]:
    try:
        await db.command({"create": name})
    except OperationFailure as error:
        if error.code != NAMESPACE_EXISTS:
            raise
        return []  # another process was faster
    return [Change("collection", name, "created")]


async def _set_validator(
    db: Database, spec: CollectionSpec, options: Mapping[str, Any], *, check: bool
) -> list[Step]:
    wanted = {"validator": validator_of(spec.model), **VALIDATION}
    there = {**VALIDATION, **options}
    if all(there.get(option) == value for option, value in wanted.items()):
        return []
    if not check:
        try:
            await db.command({"collMod": spec.name, **wanted})
        except OperationFailure as error:
            return [Warned("validator", spec.name, f"the server refuses it (code {error.code})")]
    return [Change("validator", spec.name, "altered" if "validator" in options else "created")]


async def _set_index(
    db: Database, collection: str, spec: IndexSpec, listed: list[Mapping[str, Any]], *, check: bool
) -> list[Step]:
    name = f"{collection}.{spec.name}"
    same = next((index for index in listed if _is_the_same(index, spec)), None)
    if same is None:
        if not check:
            await _create_index(db, collection, spec)
        return [Change("index", name, "created")]
    there, wanted = _described(same), _described({"key": spec.keys, **spec.options()})
    if there == wanted:
        return []
    if EXPIRY in there and there | {EXPIRY: wanted.get(EXPIRY)} == wanted:
        return await _set_expiry(db, collection, same["name"], spec, check=check)
    return [Warned("index", name, f"`{same['name']}` is another one: drop it by hand and run this again")]


def _is_the_same(index: Mapping[str, Any], spec: IndexSpec) -> bool:
    return index["name"] == spec.name or list(index["key"].items()) == list(spec.keys.items())


def _described(index: Mapping[str, Any]) -> dict[str, Any]:
    """What makes an index what it is; servers add more, and leave out what is false."""
    described = {option: index[option] for option in COMPARED if index.get(option)}
    return {**described, "key": list(index["key"].items())}


async def _create_index(db: Database, collection: str, spec: IndexSpec) -> None:
    try:
        with pymongo.timeout(BUILD_TIMEOUT_S):
            await db[collection].create_index(list(spec.keys.items()), name=spec.name, **spec.options())
    except OperationFailure as error:
        if error.code != DUPLICATE_KEY:
            raise
        raise StoreRefused(f"index {collection}.{spec.name}: there are documents that are not unique") from None


async def _set_expiry(db: Database, collection: str, name: str, spec: IndexSpec, *, check: bool) -> list[Step]:
    if not check:
        await db.command({"collMod": collection, "index": {"name": name, EXPIRY: spec.expire_after_s}})
    return [Change("index", f"{collection}.{spec.name}", f"expires after {spec.expire_after_s} s")]
