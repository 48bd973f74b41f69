"""The database brought to what the service needs: collections, validators, indexes.

In:       a database in any state, empty or used by an earlier version.
Out:      what was changed, and what a person must change.
Promise:  may be run again and again, and by several at once; nothing is ever dropped. With `check` it says what a
          run would change. One thing it cannot know: whether the server takes an optional validator that is missing.
"""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pymongo
from pymongo.errors import OperationFailure

from schemas.errors import MigrationRefused
from schemas.settings import Validators
from stores.mongo.connection import Database
from stores.mongo.errors import idempotent
from stores.mongo.older import refuse_older
from stores.mongo.refusals import is_refusal, message_of, takes_no_validators
from stores.mongo.specs import CollectionSpec, IndexSpec, collections
from stores.mongo.validators import validator_of

BUILD_TIMEOUT_S: Final = 3_600
"""Seconds an index may take: over many documents, while the service runs."""
NAMESPACE_EXISTS: Final = 48
VALIDATION: Final = {"validationLevel": "strict", "validationAction": "error"}
EXPIRY: Final = "expireAfterSeconds"
ACCEPTED: Final = "accepted by CODES_MONGO__VALIDATORS=optional"
NOT_THERE: Final = "it would be set if the server takes it"
NOT_KEPT: Final = "the server took it, and does not keep it"
COMPARED: Final = ("key", "unique", "sparse", "partialFilterExpression", EXPIRY)


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


@dataclass(frozen=True, slots=True)
class Refused:
    """One thing that the server will not do; the rest was done without it."""

    kind: str
    name: str
    why: str
    """The server's message."""


Step = Change | Warned | Refused


async def migrate_database(
    db: Database, *, ledger_days: int, check: bool, validators: Validators = "required", id_index: bool = False
) -> list[Step]:
    """Bring every collection to its specification; with `check` only say what would be done.

    Raises:
        StoreUnavailable: MongoDB gave no answer. What was done stays; run it again.
        MigrationRefused: MongoDB will not do a step that the others need, for example for want of rights.
        DatabaseTooOld: see `refuse_older`.
    """
    await refuse_older(db["codes"])
    steps: list[Step] = []
    with idempotent():
        existing = {listed["name"]: listed async for listed in await db.list_collections()}
        for spec in collections(ledger_days, id_index=id_index):
            found = existing.get(spec.name)
            steps += await _migrate(db, spec, found, check=check, is_optional=validators == "optional")
    return steps


async def _migrate(
    db: Database, spec: CollectionSpec, existing: Mapping[str, Any] | None, *, check: bool, is_optional: bool
) -> list[Step]:
    if existing is None and check:
        return [Change("collection", spec.name, "created"), *_would_be_new(spec, is_optional=is_optional)]
    steps: list[Step] = []
    if existing is None:
        steps += await _create(db, spec.name)
    options = (existing or {}).get("options", {})
    if not _has_validator(spec, options):
        set_it = _would_set_validator(spec, options, is_optional=is_optional)
        steps.append(set_it if check else await _set_validator(db, spec, options, is_optional=is_optional))
    listed = [index async for index in db[spec.name].list_indexes()]
    for index in spec.indexes:
        steps += await _set_index(db, spec.name, index, listed, check=check)
    return steps


def _would_be_new(spec: CollectionSpec, *, is_optional: bool) -> list[Step]:
    indexes = [Change("index", f"{spec.name}.{index.name}", "created") for index in spec.indexes]
    return [_would_set_validator(spec, {}, is_optional=is_optional), *indexes]


async def _create(db: Database, name: str) -> list[Step]:
    try:
        await db.command({"create": name})
    except OperationFailure as error:
        if error.code == NAMESPACE_EXISTS:
            return []  # another process was faster
        if not is_refusal(error):
            raise
        raise MigrationRefused(f"collection {name}: {message_of(error)}") from None
    return [Change("collection", name, "created")]


def _wanted_validator(spec: CollectionSpec) -> dict[str, Any]:
    return {"validator": validator_of(spec.model), **VALIDATION}


def _has_validator(spec: CollectionSpec, options: Mapping[str, Any]) -> bool:
    there = {**VALIDATION, **options}
    return all(there.get(option) == value for option, value in _wanted_validator(spec).items())


def _would_set_validator(spec: CollectionSpec, options: Mapping[str, Any], *, is_optional: bool) -> Change | Warned:
    """A server that keeps an outdated validator takes the new one; of any other, only a run can say."""
    if is_optional and not options.get("validator"):
        return Warned("validator", spec.name, f"{NOT_THERE}: {ACCEPTED}")
    return _validator_change(spec, options)


def _validator_change(spec: CollectionSpec, options: Mapping[str, Any]) -> Change:
    return Change("validator", spec.name, "altered" if options.get("validator") else "created")


async def _set_validator(
    db: Database, spec: CollectionSpec, options: Mapping[str, Any], *, is_optional: bool
) -> Step:
    """Set it, and look whether it is there then: what is not kept would be missing at the next check."""
    refusal = await _refusal_of(db.command({"collMod": spec.name, **_wanted_validator(spec)}))
    if refusal is not None:
        is_accepted = is_optional and takes_no_validators(refusal)
        return _not_set(spec, message_of(refusal), is_accepted=is_accepted)
    kept = [listed async for listed in await db.list_collections(filter={"name": spec.name})]
    if any(_has_validator(spec, listed.get("options", {})) for listed in kept):
        return _validator_change(spec, options)
    return _not_set(spec, NOT_KEPT, is_accepted=is_optional)


def _not_set(spec: CollectionSpec, why: str, *, is_accepted: bool) -> Warned | Refused:
    if is_accepted:
        return Warned("validator", spec.name, f"{why}: {ACCEPTED}")
    return Refused("validator", spec.name, why)


async def _refusal_of(command: Awaitable[object]) -> OperationFailure | None:
    """The server's refusal of a command; None if it was done. Any other error is raised."""
    try:
        await command
    except OperationFailure as error:
        if not is_refusal(error):
            raise
        return error
    return None


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
        if not is_refusal(error):
            raise
        raise MigrationRefused(f"index {collection}.{spec.name}: {message_of(error)}") from None


async def _set_expiry(db: Database, collection: str, name: str, spec: IndexSpec, *, check: bool) -> list[Step]:
    full_name, refusal = f"{collection}.{spec.name}", None
    if not check:
        wanted = {"name": name, EXPIRY: spec.expire_after_s}
        refusal = await _refusal_of(db.command({"collMod": collection, "index": wanted}))
    if refusal is not None:
        return [Refused("index", full_name, message_of(refusal))]
    return [Change("index", full_name, f"expires after {spec.expire_after_s} s")]
