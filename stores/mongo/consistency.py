"""Reservations compared with the codes that they name, in one snapshot.

In:       reservation ids.
Out:      those that disagree with their codes, and how. No code's value is read.
Promise:  reservations and codes are of one time, so what is being moved never looks like a disagreement.
"""

from collections.abc import Collection, Iterable, Mapping

from pymongo.read_concern import ReadConcern

from handlers.consistency import CodeState, disagreement
from schemas.documents import ReservationDocument
from stores.mongo.collections import Collections, Document, from_document
from stores.mongo.errors import translated


class Consistency:
    """Every method raises StoreUnavailable if MongoDB gives no answer in time."""

    def __init__(self, collections: Collections) -> None:
        self._collections = collections

    async def disagreements(self, reservation_ids: Collection[str]) -> Mapping[str, str]:
        """See `CodeStore.inconsistent`."""
        if not reservation_ids:
            return {}
        with translated():
            async with await self._collections.database.client.start_session() as session:
                # A transaction is a snapshot on every engine; it writes nothing and is left to end with its session.
                session.start_transaction(read_concern=ReadConcern("snapshot"))
                wanted = {"_id": {"$in": list(reservation_ids)}}
                found = await self._collections.reservations.find(wanted, session=session).to_list(None)
                reservations = [from_document(ReservationDocument, document) for document in found]
                of_theirs = {"_id": {"$in": code_ids_of(reservations)}}
                fields = {"status": 1, "moved_by": 1}
                codes = await self._collections.codes.find(of_theirs, fields, session=session).to_list(None)
        return disagreements(reservations, states_of(codes))


def code_ids_of(reservations: Iterable[ReservationDocument]) -> list[str]:
    """All codes that they name, each once."""
    return list({code_id for reservation in reservations for code_id in reservation.code_ids})


def states_of(codes: Iterable[Document]) -> dict[str, CodeState]:
    """Code documents as the comparison wants them."""
    return {document["_id"]: CodeState(document["status"], document["moved_by"]) for document in codes}


def disagreements(reservations: Iterable[ReservationDocument], codes: Mapping[str, CodeState]) -> dict[str, str]:
    """What is wrong with each of these reservations; those that are right are left out."""
    found = {reservation.id: disagreement(reservation, codes) for reservation in reservations}
    return {reservation_id: why for reservation_id, why in found.items() if why is not None}
