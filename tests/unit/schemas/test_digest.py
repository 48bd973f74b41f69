"""The digest distinguishes a repeat from another request under the same id."""

import json

import pytest

from schemas.requests import ReserveRequest, content_digest
from tests.fakes.builders import a_release, a_reserve, an_assign, an_assign_from_stock, an_expiry


def test_a_default_gives_the_same_digest_as_an_omitted_field() -> None:
    """A repeat stays a repeat when its sender starts to write defaults."""
    bare = a_reserve()
    written = a_reserve(code_type="tm", quantity=1, ttl_s=86_400)

    assert content_digest(bare) == content_digest(written)
    assert content_digest(a_release()) == content_digest(a_release(fan_id=None, reason="unused"))


def test_unknown_fields_and_their_order_do_not_count() -> None:
    """A field that a later version of the sender adds does not turn a repeat into another request."""
    fields = json.loads(a_reserve().to_json())
    shuffled = dict(reversed(fields.items())) | {"sent_at": "now"}

    assert content_digest(a_reserve()) == content_digest(ReserveRequest.model_validate(shuffled))


@pytest.mark.parametrize(
    "changes",
    [
        {"request_id": "r-2"},
        {"campaign_id": "winter"},
        {"fan_id": "fan-2"},
        {"code_type": "external"},
        {"quantity": 2},
        {"ttl_s": 60},
    ],
)
def test_every_field_counts(changes: dict[str, object]) -> None:
    """A request with another value in any field is another request."""
    assert content_digest(a_reserve()) != content_digest(a_reserve(**changes))


def test_the_kind_of_a_request_counts() -> None:
    """Equal fields on another topic are another request."""
    digests = {
        content_digest(request)
        for request in (
            a_reserve(request_id="x"),
            an_assign_from_stock(request_id="x"),
            an_assign(request_id="x"),
            a_release(request_id="x"),
            an_expiry(),
        )
    }

    assert 5 == len(digests)


def test_a_digest_is_sha256_in_hex() -> None:
    """It is stored, so it must be equal on every machine and in every version."""
    assert "06f9d4ee974dcdf4252f429e3735bb34600b488f8d00fdabb2966abbd7b6408c" == content_digest(a_reserve())
