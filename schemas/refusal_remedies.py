"""What the sender of a refused request does next.

Out:      `REFUSAL_REMEDIES`: the reason of a result to one sentence.
Promise:  every reason is here; a test compares.
"""

from collections.abc import Mapping
from typing import Final

REFUSAL_REMEDIES: Final[Mapping[str, str]] = {
    "out_of_stock": "Request fewer codes, or import more, and send a new request.",
    "unknown_campaign": "Check the campaign's id; a campaign exists from its first import on.",
    "reservation_not_found": "Check the campaign and the reservation's id, which is the request_id of the reserve.",
    "reservation_expired": "Reserve again, under a new id, and assign before expires_at.",
    "reservation_released": "Its codes are back in the stock: reserve again, under a new id.",
    "reservation_assigned": "Its codes belong to the fan already; there is nothing to do.",
    "not_the_holder": "Send the request with the fan who made the reservation.",
    "request_id_reused": "Another request had this id: send the request with a new request_id.",
    "invalid_request": "Read the dead letter's dlq-detail, correct the request, and send it again.",
    "campaign_closed": "The campaign's sale has ended: it gives out no more codes from its stock.",
}
