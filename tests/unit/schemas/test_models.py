"""Models are strict and frozen, and their wire format is the contract's."""

import json
from datetime import UTC, datetime, timedelta, timezone

import orjson
import pytest
from pydantic import ValidationError

from schemas.base import Model, rfc3339, to_milliseconds
from schemas.records import TIMESTAMP_MS_MAX, IncomingRecord
from schemas.requests import ImportCommand, ReserveRequest
from schemas.results import Result
from schemas.stock import CampaignStock, ShardCounts, TypeStock
from tests.fakes.builders import NOW, a_record, a_release, a_reserve, a_result, an_assign_from_stock

A_STOCK = CampaignStock(
    campaign_id="summer",
    types={"tm": TypeStock(shards={"s": ShardCounts(version=1, available=2, reserved=0, assigned=-1)})},
    changed_at=NOW,
)


@pytest.mark.parametrize("quantity", [1, 100])
def test_a_quantity_is_1_to_100(quantity: int) -> None:
    """Both limits are allowed."""
    assert quantity == a_reserve(quantity=quantity).quantity
    assert quantity == an_assign_from_stock(quantity=quantity).quantity


@pytest.mark.parametrize("quantity", [0, -1, 101, 2**63, 1.0, "1", True, None])
def test_any_other_quantity_is_refused(quantity: object) -> None:
    """Types are strict: `"1"`, `1.0` and `true` are not 1."""
    with pytest.raises(ValidationError):
        a_reserve(quantity=quantity)
    with pytest.raises(ValidationError):
        an_assign_from_stock(quantity=quantity)


def test_a_time_to_live_is_up_to_thirty_days() -> None:
    """From one second to the limit; anything outside is refused."""
    assert a_reserve(ttl_s=1).ttl_s == 1
    assert a_reserve(ttl_s=2_592_000).ttl_s == 2_592_000
    for ttl_s in (0, 2_592_001, 1.5):
        with pytest.raises(ValidationError):
            a_reserve(ttl_s=ttl_s)


def test_the_defaults_are_the_contracts() -> None:
    """One code of type `tm` for a day; a release has the reason `unused`."""
    assert ("tm", 1, 86_400) == (a_reserve().code_type, a_reserve().quantity, a_reserve().ttl_s)
    assert ("unused", None) == (a_release().reason, a_release().fan_id)


@pytest.mark.parametrize("changes", [{"code_type": "TM"}, {"code_type": None}, {"code_type": "pdf"}])
def test_a_code_type_is_tm_or_external(changes: dict[str, object]) -> None:
    """Null is not replaced by the default: a field that is present must be valid."""
    with pytest.raises(ValidationError):
        a_reserve(**changes)


def test_a_reason_of_a_release_is_one_of_three() -> None:
    """Any other reason makes the record unreadable."""
    with pytest.raises(ValidationError):
        a_release(reason="stolen")


def test_unknown_fields_are_ignored() -> None:
    """An older service accepts requests of a newer sender."""
    assert a_reserve() == a_reserve(colour="blue")


def test_a_request_cannot_be_changed() -> None:
    """The request that was decoded is the one that is decided."""
    request = a_reserve()

    with pytest.raises(ValidationError):
        request.quantity = 2  # type: ignore[misc]  # that it is frozen is the claim


def test_an_import_names_an_object() -> None:
    """A bucket's name has 3 to 63 characters, a key up to 1024."""
    fields = {"request_id": "i-1", "campaign_id": "summer", "bucket": "codes", "key": "k" * 1024}
    assert ImportCommand.model_validate(fields).version_id is None
    for wrong in ({"bucket": "ab"}, {"bucket": "a/b"}, {"key": ""}, {"key": "k" * 1025}, {"version_id": ""}):
        with pytest.raises(ValidationError):
            ImportCommand.model_validate(fields | wrong)


def test_an_instant_is_rfc3339_in_utc_with_milliseconds() -> None:
    """In any time zone and with any precision."""
    instant = datetime(2026, 11, 24, 4, 0, 0, 1_999, tzinfo=timezone(timedelta(hours=2)))

    assert "2026-11-24T02:00:00.001Z" == rfc3339(instant)
    assert datetime(2026, 11, 24, 2, 0, 0, 1_000, tzinfo=UTC) == to_milliseconds(instant)


def test_a_result_has_every_field_of_the_contract() -> None:
    """Fields that do not apply are null, and `code_ids` is a list."""
    refused = a_result(
        outcome="refused", reason="out_of_stock", code_ids=(), reservation_id=None, expires_at=None
    ).to_json()

    assert {
        "request_id": "r-1",
        "operation": "reserve",
        "outcome": "refused",
        "campaign_id": "summer",
        "fan_id": "fan-1",
        "code_type": "tm",
        "quantity": 1,
        "code_ids": [],
        "reservation_id": None,
        "expires_at": None,
        "reason": "out_of_stock",
        "decided_at": "2026-11-24T02:00:00.000Z",
    } == json.loads(refused)


def test_a_request_survives_a_round_trip_through_json() -> None:
    """The wire form of a request decodes to an equal request."""
    assert a_reserve() == ReserveRequest.model_validate(json.loads(a_reserve().to_json()))


@pytest.mark.parametrize(
    ("timestamp_ms", "at"),
    [
        (1_795_485_600_123, datetime(2026, 11, 24, 2, 0, 0, 123_000, tzinfo=UTC)),
        (-1, datetime(1970, 1, 1, tzinfo=UTC)),
        (2**63 - 1, datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)),
        (TIMESTAMP_MS_MAX, datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)),
    ],
)
def test_a_records_time_is_exact_and_never_raises(timestamp_ms: int, at: datetime) -> None:
    """A sender can write any number if the broker does not set the timestamp."""
    record = IncomingRecord("t", 0, 0, timestamp_ms, None, None, ())

    assert at == record.at
    assert len("2026-11-24T02:00:00.000Z") == len(rfc3339(record.at))


def test_the_last_of_several_headers_counts() -> None:
    """As with Kafka's `lastHeader`."""
    record = a_record(b"", headers=(("a", b"1"), ("b", b"2"), ("a", b"3")))

    assert record.header("a") == b"3"
    assert record.header("c") is None
    assert NOW == record.at


@pytest.mark.parametrize("model", [a_result(), a_result(expires_at=NOW), a_release(), A_STOCK], ids=repr)
def test_the_wire_form_is_pydantics(model: Model) -> None:
    """Also of a model inside of another: the same fields in the same order, and the same text."""
    assert orjson.dumps(model.model_dump(mode="json")) == model.to_json()


def test_a_model_of_trusted_parts_is_the_model() -> None:
    """Equal, written the same way, and as frozen; only its parts were not checked again."""
    checked = a_result()

    trusted = Result.trusted(**checked.__dict__)

    assert checked == trusted
    assert checked.to_json() == trusted.to_json()
    assert checked.model_copy(update={"quantity": 2}) == trusted.model_copy(update={"quantity": 2})
    with pytest.raises(ValidationError):
        trusted.quantity = 2  # type: ignore[misc]  # that it is frozen is the claim
