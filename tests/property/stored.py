"""What the database holds, checked against itself and against the model.

In:       the database after any step.
Out:      an AssertionError for the first document that disagrees.
"""

import json
from collections import Counter

from schemas.base import CodeStatus
from tests.fakes.memory_store import MemoryDatabase, summed
from tests.property.model import Model


def check_holders(database: MemoryDatabase) -> None:
    """A code has at most one holder, and the status that its reservation implies, moved by the same batch."""
    active = [document for document in database.reservations.values() if document.state in ("held", "assigned")]
    holders = Counter(code_id for reservation in active for code_id in reservation.code_ids)
    assert not [code_id for code_id, count in holders.items() if count > 1]
    for reservation in active:
        status = CodeStatus.RESERVED if reservation.state == "held" else CodeStatus.ASSIGNED
        codes = [database.codes[code_id] for code_id in reservation.code_ids]
        assert {(status, reservation.moved_by)} == {(code.status, code.moved_by) for code in codes}
    free = {code.id for code in database.codes.values() if code.status == CodeStatus.AVAILABLE}
    assert database.codes.keys() - holders.keys() == free


def check_counts(database: MemoryDatabase, model: Model) -> None:
    """Codes by status, the sum of the shards, and the model agree."""
    codes = Counter((code.campaign_id, code.code_type, str(code.status)) for code in database.codes.values())
    assert model.counts() == codes
    assert codes == summed(database.inventory.values())


def check_ledger(database: MemoryDatabase, model: Model) -> None:
    """One entry for each request id, with the answer that was given."""
    ledger = {request_id: json.loads(entry.outcome.to_json()) for request_id, entry in database.requests.items()}
    assert {request_id: entry.body for request_id, entry in model.ledger.items()} == ledger
