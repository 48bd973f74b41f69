"""The collections by name, and how models become documents and come back.

In:   the service's database.
Out:  `Collections`, `open_collections` for one-off jobs; `snapshot`; `to_document`, `from_document` and `read_each`.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from motor.motor_asyncio import AsyncIOMotorClientSession, AsyncIOMotorCollection
from pydantic import ValidationError
from pymongo.read_concern import ReadConcern

from schemas.base import MODEL_TYPE, Model
from schemas.errors import DocumentUnreadable
from schemas.problems import problems
from schemas.settings import MongoSettings
from stores.mongo.connection import Client, Database, connect, database

Document = dict[str, Any]
if TYPE_CHECKING:
    Collection: TypeAlias = AsyncIOMotorCollection[Document]
else:  # motor's classes take their parameter only in their stubs
    Collection: TypeAlias = AsyncIOMotorCollection

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Collections:
    """What the database holds; see `schemas/documents.py`."""

    database: Database

    @property
    def codes(self) -> Collection:
        """Every code, in one status."""
        return self.database["codes"]

    @property
    def campaigns(self) -> Collection:
        """Each campaign's salt, and whether it is closed."""
        return self.database["campaigns"]

    @property
    def reservations(self) -> Collection:
        """Who holds or got which codes."""
        return self.database["reservations"]

    @property
    def requests(self) -> Collection:
        """The ledger."""
        return self.database["requests"]

    @property
    def inventory(self) -> Collection:
        """Totals by shard."""
        return self.database["inventory"]

    @property
    def owners(self) -> Collection:
        """Which session owns each shard."""
        return self.database["owners"]

    @property
    def imports(self) -> Collection:
        """How far each import is."""
        return self.database["imports"]

    @property
    def rejects(self) -> Collection:
        """Rejected rows of imports that have not ended."""
        return self.database["rejects"]

    @property
    def cancellations(self) -> Collection:
        """Imports that somebody wants stopped."""
        return self.database["cancellations"]

    @property
    def audit_records(self) -> Collection:
        """What people did that cannot be undone."""
        return self.database["audit_records"]


@asynccontextmanager
async def open_collections(settings: MongoSettings) -> AsyncIterator[Collections]:
    """Over a connection for a one-off job, closed at the end. A role keeps its own."""
    client = connect(settings)
    try:
        yield Collections(database(client, settings))
    finally:
        client.close()


@asynccontextmanager
async def snapshot(client: Client) -> AsyncIterator[AsyncIOMotorClientSession]:
    """A transaction, which is a snapshot on every engine; what is not committed in it is left undone.

    It is ended here: motor's session would do it without `await`, and the event loop would stand still for as long as
    the server takes to answer.
    """
    async with await client.start_session() as session:
        session.start_transaction(read_concern=ReadConcern("snapshot"))
        try:
            yield session
        finally:
            if session.in_transaction:  # type: ignore[truthy-function]  # a property; the stub has a method
                await session.abort_transaction()


def to_document(model: Model) -> Document:
    """As MongoDB stores it: `_id`, and dates as dates."""
    return {
        "_id" if name == "id" else name: to_document(value) if type(type(value)) is MODEL_TYPE else value
        for name, value in model.__dict__.items()
    }


def from_document(model: type[M], document: Mapping[str, Any]) -> M:
    """As we know it; MongoDB has lists where the model has tuples."""
    return model.model_validate(document, strict=False)


def read_document(model: type[M], collection: str, document: Document) -> M:
    """The same for people.

    Raises:
        DocumentUnreadable: names the document, the field and the reason, never a value.
    """
    try:
        return from_document(model, document)
    except ValidationError as why:
        raise DocumentUnreadable(f"{collection} {document['_id']}: {problems(why)}") from None


@dataclass(frozen=True, slots=True)
class Readings(Generic[M]):
    """Documents of one collection, by `_id`."""

    models: Mapping[str, M]
    unreadable: Mapping[str, str]
    """Those that are no model: the collection, the field and the reason, never a value."""


def read_each(model: type[M], collection: str, documents: Iterable[Document]) -> Readings[M]:
    """Each document by itself: one that cannot be read must not make the others unreadable."""
    models: dict[str, M] = {}
    unreadable: dict[str, str] = {}
    for document in documents:
        try:
            models[document["_id"]] = from_document(model, document)
        except ValidationError as why:
            unreadable[document["_id"]] = f"{collection}: {problems(why)}"
    return Readings(models, unreadable)


async def find_by_id(
    collection: Collection,
    ids: Iterable[str],
    fields: Mapping[str, int] | None = None,
    session: AsyncIOMotorClientSession | None = None,
) -> list[Document]:
    """The documents with these ids; no round trip for none."""
    wanted = list(ids)
    return await collection.find({"_id": {"$in": wanted}}, fields, session=session).to_list(None) if wanted else []
