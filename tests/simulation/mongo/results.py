"""What becomes of documents that were found: order, fields, groups; and what an update makes of one.

In:   documents, and the part of a command that says what to do with them.
Out:  documents; errors name what the simulation does not have.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from tests.simulation.mongo.errors import NotModelled, ServerError
from tests.simulation.mongo.queries import compiled
from tests.simulation.mongo.values import Document, at_path, copied, encoded, sort_key

CONSTANT: Final = (str, int, float, type(None))


def in_order(documents: list[Document], sort: Mapping[str, int]) -> list[Document]:
    """Sorted; documents that compare equal stay in the order of the collection."""
    for path, direction in reversed(list(sort.items())):
        documents = sorted(documents, key=lambda found: sort_key(at_path(found, path)), reverse=direction < 0)
    return documents


def projection(fields: Mapping[str, int] | None) -> Callable[[Document], Document]:
    """A copy with the wanted fields: a list of fields to include; `_id` unless it is excluded."""
    if not fields:
        return copied
    with_id = bool(fields.get("_id", 1))
    names = [name for name, wanted in fields.items() if name != "_id" and wanted]
    if any("." in name for name in names) or any(not on for name, on in fields.items() if name != "_id"):
        raise NotModelled(f"the projection {dict(fields)}")
    if not names and not with_id:
        raise NotModelled(f"the projection {dict(fields)}")
    wanted_names = frozenset(names) | ({"_id"} if with_id else frozenset())
    return lambda document: {
        name: copied(value) if type(value) in {dict, list} else value
        for name, value in document.items()
        if name in wanted_names
    }


def aggregated(documents: Iterable[Document], pipeline: Sequence[Mapping[str, Any]]) -> list[Document]:
    """The stages that the service uses: `$match`, and `$group` that counts."""
    found = list(documents)
    for stage in pipeline:
        ((name, body),) = stage.items()
        if name == "$match":
            found = list(filter(compiled(body), found))
        elif name == "$group":
            found = grouped(found, body)
        else:
            raise NotModelled(f"the aggregation stage {name}")
    return [copied(document) for document in found]


def grouped(documents: list[Document], body: Mapping[str, Any]) -> list[Document]:
    """Groups in the order of their first documents."""
    (field,) = [name for name in body if name != "_id"]
    if body[field] != {"$sum": 1}:
        raise NotModelled(f"the accumulator {body[field]}")
    counts: dict[Any, Document] = {}
    for document in documents:
        key = expression(body["_id"], document)
        group = counts.setdefault(sort_key(key), {"_id": key, field: 0})
        group[field] += 1
    return list(counts.values())


def expression(wanted: Any, document: Document) -> Any:
    """A constant, a field's path, or a document of them."""
    if isinstance(wanted, dict):
        values = {name: expression(inner, document) for name, inner in wanted.items()}
        return {name: value for name, value in values.items() if value is not None}
    if isinstance(wanted, str) and wanted.startswith("$"):
        return at_path(document, wanted[1:])
    if isinstance(wanted, CONSTANT):
        return wanted
    raise NotModelled(f"the expression {wanted}")


def distinct_values(documents: Iterable[Document], path: str) -> list[Any]:
    """The values of a field, those inside of arrays too."""
    found: dict[Any, Any] = {}
    for document in documents:
        value = at_path(document, path)
        for inner in value if isinstance(value, list) else [value]:
            if inner is not None:
                found.setdefault(sort_key(inner), inner)
    return [found[key] for key in sorted(found)]


def updated(document: Document, update: Mapping[str, Any]) -> Document:
    """A new version of a document.

    Raises:
        ServerError: 66, the `_id` would change.
    """
    if set(update) - {"$set", "$unset", "$inc"}:
        raise NotModelled(f"the update {sorted(update)}")
    changed = dict(document)
    for name, value in update.get("$set", {}).items():
        changed[plain(name)] = value
    for name, value in update.get("$inc", {}).items():
        changed[plain(name)] = changed.get(name, 0) + value
    for name in update.get("$unset", {}):
        changed.pop(plain(name), None)
    if changed.get("_id") != document.get("_id"):
        raise ServerError(66, "the field '_id' is immutable")
    return changed


def plain(name: str) -> str:
    """A field's name without dots."""
    if "." in name:
        raise NotModelled(f"the update of {name}")
    return name


def inserted_by_upsert(wanted: Mapping[str, Any], update: Mapping[str, Any]) -> Document:
    """The document that an upsert makes: the filter's equalities, then the update."""
    equal = {name: value for name, value in wanted.items() if not isinstance(value, dict)}
    if "_id" not in equal:
        raise NotModelled("an upsert without _id: the simulation makes no ids")
    return updated(encoded(equal), update)
