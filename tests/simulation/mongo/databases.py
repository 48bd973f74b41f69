"""All databases of a deployment: their collections, and the commands that make and change those.

In:   names; commands.
Out:  collections, made when they are first written to.
"""

from collections.abc import Iterator
from typing import Final

from tests.simulation.mongo.errors import NotModelled, ServerError
from tests.simulation.mongo.indexes import index_of
from tests.simulation.mongo.values import Document, copied
from tests.simulation.mongo.versions import StoredCollection, View

COMMON: Final = frozenset({"$db", "lsid", "maxTimeMS", "writeConcern", "comment"})
VALIDATION: Final = frozenset({"validator", "validationLevel", "validationAction"})


class Databases:
    """Lives as long as its deployment."""

    def __init__(self) -> None:
        self._databases: dict[str, dict[str, StoredCollection]] = {}

    def of(self, database: str) -> dict[str, StoredCollection]:
        """The collections of a database."""
        return self._databases.setdefault(database, {})

    def collection(self, database: str, name: str, *, make: bool) -> StoredCollection:
        """A collection; an empty one if there is none."""
        collections = self.of(database)
        found = collections.get(name)
        if found is None:
            found = StoredCollection(database, name)
            if make:
                collections[name] = found
        return found

    def all(self) -> Iterator[StoredCollection]:
        """Every collection."""
        for collections in self._databases.values():
            yield from collections.values()

    def run(self, command: Document) -> Document:
        """Make or change a collection.

        Raises:
            ServerError: what the server refuses.
            NotModelled: an option that the simulation does not have.
        """
        name = next(iter(command))
        {"create": self._create, "collMod": self._change, "createIndexes": self._index, "dropDatabase": self._drop}[
            name
        ](command)
        return {"ok": 1.0}

    def _create(self, command: Document) -> None:
        name = command["create"]
        check_known(command, VALIDATION)
        if name in self.of(command["$db"]):
            raise ServerError(48, f"Collection {command['$db']}.{name} already exists.")
        made = self.collection(command["$db"], name, make=True)
        made.options |= {option: copied(command[option]) for option in VALIDATION & command.keys()}

    def _change(self, command: Document) -> None:
        check_known(command, VALIDATION | {"index"})
        collection = self.of(command["$db"]).get(command["collMod"])
        if collection is None:
            raise ServerError(26, f"ns does not exist: {command['$db']}.{command['collMod']}")
        collection.options |= {option: copied(command[option]) for option in VALIDATION & command.keys()}
        if "index" in command:
            wanted = command["index"]
            collection.indexes[wanted["name"]].listed["expireAfterSeconds"] = wanted["expireAfterSeconds"]

    def _index(self, command: Document) -> None:
        check_known(command, frozenset({"indexes"}))
        collection = self.collection(command["$db"], command["createIndexes"], make=True)
        for wanted in command["indexes"]:
            options = {option: value for option, value in wanted.items() if option not in {"key", "name"}}
            if wanted["name"] in collection.indexes:
                continue
            index = index_of(wanted["name"], wanted["key"], options)
            documents = list(collection.found({}, View(collection.newest_place())))
            keys = [index.key_of(document) for document in documents] if index.is_unique else []
            if len(set(keys)) < len(keys):
                raise ServerError(11_000, f"E11000 duplicate key error collection: {index.name}")
            collection.indexes[index.name] = index
            for document in documents:
                if index.is_used:
                    index.add(document["_id"], document)

    def _drop(self, command: Document) -> None:
        self._databases.pop(command["$db"], None)


def check_known(command: Document, known: frozenset[str]) -> None:
    """Raises NotModelled for an option that the simulation does not have."""
    name = next(iter(command))
    unknown = command.keys() - known - COMMON - {name}
    if unknown:
        raise NotModelled(f"the command {name} with {sorted(unknown)}")
