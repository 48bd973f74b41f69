"""Every refusal has a remedy."""

from typing import get_args

from schemas.refusal_remedies import REFUSAL_REMEDIES
from schemas.results import RefusalReason


def test_every_reason_has_a_remedy() -> None:
    """One sentence for the sender."""
    reasons = set(get_args(RefusalReason))

    assert reasons == reasons & set(REFUSAL_REMEDIES)
    assert all(text.endswith(".") for text in REFUSAL_REMEDIES.values())
