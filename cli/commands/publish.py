"""`codes publish`: sends one request or import command, as any other program would.

Out:      where the record was written, or with `--wait` the answer; as text or as one JSON object.
Promise:  an invalid request is not sent. Exit code 0 if the request was sent and, with `--wait`, succeeded; 1 if it
          was refused or failed; 4 if no answer came in time.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.printing import Json, complain, wrong_usage
from cli.commands.sending import ImportTimeoutS, ImportWait, TimeoutS, Wait, request_from_options, send
from cli.commands.sources import Bucket, ObjectKey, Source, VersionId, source_of

if TYPE_CHECKING:
    from ops.publishing import Order
    from stores.import_port import ObjectPlace

app = typer.Typer(
    name="publish", help="Send a request or an import command; optionally wait for the answer.", no_args_is_help=True
)

Campaign = Annotated[str, typer.Option("--campaign", help="Id of the campaign.")]
Fan = Annotated[str, typer.Option("--fan", help="Id of the fan.")]
CodeType = Annotated[str | None, typer.Option("--type", help="Code type: tm or external.", show_default="tm")]
Quantity = Annotated[
    int | None, typer.Option("--quantity", help="Number of codes, 1 to 100; all or none.", show_default="1")
]
TtlS = Annotated[
    int | None,
    typer.Option("--ttl-s", help="Seconds to hold the codes, at most 2592000 (30 days).", show_default="86400"),
]
RequestId = Annotated[str | None, typer.Option("--request-id", help="Idempotency key.", show_default="a new id")]
Key = Annotated[str | None, typer.Option("--key", help="Key of the record.", show_default="the fan's id")]
ImportRecordKey = Annotated[
    str | None, typer.Option("--key", help="Key of the record.", show_default="the campaign's id")
]


@app.command(epilog="Example: codes publish reserve --campaign spring --fan fan-1 --quantity 2 --ttl-s 600 --wait")
def reserve(
    *,
    campaign: Campaign,
    fan: Fan,
    code_type: CodeType = None,
    quantity: Quantity = None,
    ttl_s: TtlS = None,
    request_id: RequestId = None,
    key: Key = None,
    wait: Wait = False,
    timeout_s: TimeoutS = 30.0,
    json_: Json = False,
) -> None:
    """Hold codes for a fan. The request id becomes the reservation id."""
    from schemas.requests import ReserveRequest

    fields = {"campaign_id": campaign, "fan_id": fan, "code_type": code_type, "quantity": quantity, "ttl_s": ttl_s}
    send(request_from_options(ReserveRequest, fields, request_id), key, wait, timeout_s, json_)


@app.command(
    epilog="Examples: codes publish assign --campaign spring --fan fan-1 --reservation r-1 --wait; "
    "codes publish assign --campaign spring --fan fan-2 --quantity 2"
)
def assign(
    *,
    campaign: Campaign,
    fan: Fan,
    reservation: Annotated[
        str | None, typer.Option("--reservation", help="Assign the codes of this reservation; default: from stock.")
    ] = None,
    code_type: CodeType = None,
    quantity: Quantity = None,
    request_id: RequestId = None,
    key: Key = None,
    wait: Wait = False,
    timeout_s: TimeoutS = 30.0,
    json_: Json = False,
) -> None:
    """Assign codes to a fan permanently: those of a reservation, or codes directly from stock."""
    from schemas.requests import AssignFromStock, AssignReservation

    if reservation is not None and (code_type, quantity) != (None, None):
        raise wrong_usage("--type and --quantity are for assigning from stock; omit them with --reservation")
    ids = {"campaign_id": campaign, "fan_id": fan}
    order: Order = (
        request_from_options(AssignReservation, {**ids, "reservation_id": reservation}, request_id)
        if reservation is not None
        else request_from_options(AssignFromStock, {**ids, "code_type": code_type, "quantity": quantity}, request_id)
    )
    send(order, key, wait, timeout_s, json_)


@app.command(epilog="Example: codes publish release --campaign spring --reservation r-1 --reason cancelled --wait")
def release(
    *,
    campaign: Campaign,
    reservation: Annotated[str, typer.Option("--reservation", help="Release the codes of this reservation.")],
    fan: Annotated[str | None, typer.Option("--fan", help="Id of the fan; if given, it must be the holder.")] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Reason: unused, cancelled or expired.", show_default="unused")
    ] = None,
    request_id: RequestId = None,
    key: Key = None,
    wait: Wait = False,
    timeout_s: TimeoutS = 30.0,
    json_: Json = False,
) -> None:
    """Return a reservation's codes to stock."""
    from schemas.requests import ReleaseRequest

    fields = {"campaign_id": campaign, "reservation_id": reservation, "fan_id": fan, "reason": reason}
    send(request_from_options(ReleaseRequest, fields, request_id), key, wait, timeout_s, json_)


@app.command(
    "import",
    epilog="Examples: codes publish import spring.csv --campaign spring --bucket codes --wait; "
    "codes publish import s3://codes/spring.csv --campaign spring",
)
def import_(
    *,
    campaign: Campaign,
    source: Source = None,
    bucket: Bucket = None,
    object_key: ObjectKey = None,
    version_id: VersionId = None,
    code_type: CodeType = None,
    request_id: RequestId = None,
    key: ImportRecordKey = None,
    wait: ImportWait = False,
    timeout_s: ImportTimeoutS = 600.0,
    json_: Json = False,
) -> None:
    """Import the codes of a file or an S3 object into a campaign. A file is uploaded to S3 first.

    The request id becomes the import id.
    """
    from cli.jobs.publishing import new_request_id
    from schemas.requests import ImportCommand

    import_id = request_id or new_request_id()
    found = source_of(source, bucket, object_key, version_id)
    place = _uploaded(found, bucket, object_key, import_id) if isinstance(found, Path) else found
    fields = {
        "campaign_id": campaign,
        "bucket": place.bucket,
        "key": place.key,
        "version_id": place.version_id,
        "code_type": code_type,
    }
    send(request_from_options(ImportCommand, fields, import_id), key, wait, timeout_s, json_)


def _uploaded(file: Path, bucket: str | None, object_key: str | None, import_id: str) -> "ObjectPlace":
    """Upload a file. Nothing is uploaded if the command itself could not be sent."""
    from cli.interrupts import run
    from cli.jobs.uploading import pieces_of
    from ops.imports.uploading import upload, upload_key
    from ops.settings.load import load_settings
    from schemas.requests import ImportCommand
    from stores.import_port import ObjectPlace

    settings = load_settings()
    chosen = bucket or next(iter(settings.s3.allowed_buckets), None)
    if chosen is None:
        raise wrong_usage("choose the bucket to upload to: --bucket, or the first of CODES_S3__ALLOWED_BUCKETS")
    place = ObjectPlace(chosen, object_key or upload_key(file.name, import_id))
    request_from_options(ImportCommand, {"campaign_id": "any", "bucket": chosen, "key": place.key}, import_id)
    run(upload(settings, pieces_of(file), place), clean_up_s=None)
    complain(f"uploaded {file} to s3://{place.bucket}/{place.key}")
    return place
