"""What the address says cannot weaken what the service promises."""

from datetime import UTC, datetime
from typing import Final

import bson
import pytest
from bson import DatetimeMS
from pydantic import SecretStr
from pymongo import ReadPreference

from schemas.documents import ReservationDocument
from schemas.errors import SettingsInvalid
from schemas.settings import MongoSettings
from stores.mongo.collections import read_each, to_document
from stores.mongo.connection import connect
from stores.mongo.overdue import held
from tests.fakes.builders import a_reservation, a_reserve, a_result, an_entry, asked

HOST: Final = "mongodb://127.0.0.1:1/"


def settings(options: str) -> MongoSettings:
    """An address with these options."""
    return MongoSettings(uri=SecretStr(f"{HOST}?{options}"), timeout_ms=700)


@pytest.mark.filterwarnings("ignore::UserWarning")  # the driver warns of some of them, and goes on
@pytest.mark.parametrize(
    "options",
    [
        "",
        "retryWrites=false",
        "RETRYWRITES=false",
        "retryReads=false",
        "w=0",
        "w=1",
        "w=1&journal=false",
        "journal=false",
        "wtimeoutMS=1",
        "readConcernLevel=local",
        "readConcernLevel=available",
        "readPreference=secondary",
        "readPreference=secondaryPreferred&maxStalenessSeconds=120",
        "readPreference=nearest&readPreferenceTags=dc:a",
        "maxStalenessSeconds=120",
        "timeoutMS=0",
        "serverSelectionTimeoutMS=1&socketTimeoutMS=1",
        "tz_aware=false",
        "unicode_decode_error_handler=ignore",
        "datetime_conversion=DATETIME_MS",
    ],
)
def test_the_promise_wins_over_the_address(options: str) -> None:
    """Majority and journal, read from the primary, repeated once, within the time that the settings give."""
    client = connect(settings(options))
    own = client.delegate.options

    assert {"w": "majority", "j": True, "wtimeout": 0} == client.write_concern.document
    assert ("majority", ReadPreference.PRIMARY) == (client.read_concern.level, client.read_preference)
    assert (True, True) == (own.retry_writes, own.retry_reads)
    assert (0.7, 0.7) == (own.timeout, own.server_selection_timeout)
    assert (True, "strict") == (client.codec_options.tz_aware, client.codec_options.unicode_decode_error_handler)
    assert connect(settings("")).codec_options == client.codec_options


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("options", ["w=1&journal=true&fsync=true", "datetime_conversion=nonsense", "tls=maybe&x"])
def test_an_address_that_contradicts_itself_is_named(options: str) -> None:
    """By its variable; never by what it holds."""
    with pytest.raises(SettingsInvalid, match=r"^CODES_MONGO__URI: this is no address of a MongoDB \(\w+\)$"):
        connect(settings(options))


@pytest.mark.parametrize("milliseconds", [-70_000_000_000_000, 300_000_000_000_000])
async def test_a_date_outside_the_calendar_spoils_its_document_alone(milliseconds: int) -> None:
    """Not the whole answer, which would be asked for again without end. The embedded server has no such dates."""
    client = connect(MongoSettings())
    sent = bson.encode({**to_document(a_reservation()), "expires_at": DatetimeMS(milliseconds)})
    try:
        found = bson.decode(sent, codec_options=client.codec_options)
    finally:
        client.close()

    unreadable = read_each(ReservationDocument, "reservations", [found]).unreadable
    assert "expires_at: Input should be a valid datetime" in unreadable["r-1"]


def test_the_expirer_looks_for_no_date_before_the_calendar() -> None:
    """It could not say for how long such a hold is overdue."""
    now = datetime(2026, 11, 30, tzinfo=UTC)

    assert {"$gte": datetime(1, 1, 1, tzinfo=UTC), "$lte": now} == held(None, now)["expires_at"]


def test_a_document_is_pydantics() -> None:
    """Under the names that the validators know, and with the models inside of it as documents too."""
    request = asked(a_reserve())
    for model in (a_reservation(), an_entry(request, a_result())):
        assert model.model_dump(by_alias=True) == to_document(model)
