"""`codes publish`: one request or import command, as any other program would send it.

Out:      where the record stands, or with `--wait` the answer; as text or as one JSON object.
Promise:  what the service would refuse to read is not sent. Exit code 0 if the answer is the one hoped for, 1 if it
          is a refusal or a failure, 4 if none came in time.
"""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.commands.printing import wrong_usage
from cli.commands.sending import ImportTimeoutS, ImportWait, Json, TimeoutS, Wait, made, send

if TYPE_CHECKING:
    from cli.jobs.publishing import Order

S3_SCHEME: Final = "s3://"

app = typer.Typer(name="publish", help="Send a request, and wait for its answer if asked to.", no_args_is_help=True)

Campaign = Annotated[str, typer.Option("--campaign", help="The sale that the codes belong to.")]
Fan = Annotated[str, typer.Option("--fan", help="Who asks.")]
CodeType = Annotated[str | None, typer.Option("--type", help="tm or external.", show_default="tm")]
Quantity = Annotated[int | None, typer.Option("--quantity", help="1 to 100; all of them or none.", show_default="1")]
TtlS = Annotated[
    int | None, typer.Option("--ttl-s", help="Seconds the codes are held, up to 30 days.", show_default="86400")
]
RequestId = Annotated[str | None, typer.Option("--request-id", help="The idempotency key.", show_default="a new one")]
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
    """Hold codes for a fan. The request's id is the reservation's."""
    from schemas.requests import ReserveRequest

    fields = {"campaign_id": campaign, "fan_id": fan, "code_type": code_type, "quantity": quantity, "ttl_s": ttl_s}
    send(made(ReserveRequest, fields, request_id), key, wait, timeout_s, json_)


@app.command(
    epilog="Examples: codes publish assign --campaign spring --fan fan-1 --reservation r-1 --wait; "
    "codes publish assign --campaign spring --fan fan-2 --quantity 2"
)
def assign(
    *,
    campaign: Campaign,
    fan: Fan,
    reservation: Annotated[str | None, typer.Option("--reservation", help="Whose codes; else from stock.")] = None,
    code_type: CodeType = None,
    quantity: Quantity = None,
    request_id: RequestId = None,
    key: Key = None,
    wait: Wait = False,
    timeout_s: TimeoutS = 30.0,
    json_: Json = False,
) -> None:
    """Give a reservation's codes to its fan for good, or codes straight from stock."""
    from schemas.requests import AssignFromStock, AssignReservation

    if reservation is not None and (code_type, quantity) != (None, None):
        raise wrong_usage("--reservation says already which codes: --type and --quantity are for stock")
    ids = {"campaign_id": campaign, "fan_id": fan}
    order: Order = (
        made(AssignReservation, {**ids, "reservation_id": reservation}, request_id)
        if reservation is not None
        else made(AssignFromStock, {**ids, "code_type": code_type, "quantity": quantity}, request_id)
    )
    send(order, key, wait, timeout_s, json_)


@app.command(epilog="Example: codes publish release --campaign spring --reservation r-1 --reason cancelled --wait")
def release(
    *,
    campaign: Campaign,
    reservation: Annotated[str, typer.Option("--reservation", help="Whose codes go back.")],
    fan: Annotated[str | None, typer.Option("--fan", help="If given, it must be the holder.")] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", help="unused, cancelled or expired.", show_default="unused")
    ] = None,
    request_id: RequestId = None,
    key: Key = None,
    wait: Wait = False,
    timeout_s: TimeoutS = 30.0,
    json_: Json = False,
) -> None:
    """Put a reservation's codes back into stock."""
    from schemas.requests import ReleaseRequest

    fields = {"campaign_id": campaign, "reservation_id": reservation, "fan_id": fan, "reason": reason}
    send(made(ReleaseRequest, fields, request_id), key, wait, timeout_s, json_)


@app.command(
    "import",
    epilog="Examples: codes publish import s3://codes/spring.csv --campaign spring --wait; "
    "codes publish import --bucket codes --object-key spring.csv --campaign spring",
)
def import_(
    *,
    campaign: Campaign,
    source: Annotated[str | None, typer.Argument(help="s3://bucket/key", show_default=False)] = None,
    bucket: Annotated[str | None, typer.Option("--bucket", help="Instead of SOURCE.")] = None,
    object_key: Annotated[str | None, typer.Option("--object-key", help="Instead of SOURCE.")] = None,
    version_id: Annotated[str | None, typer.Option("--version-id", help="Of the object.")] = None,
    code_type: CodeType = None,
    request_id: RequestId = None,
    key: ImportRecordKey = None,
    wait: ImportWait = False,
    timeout_s: ImportTimeoutS = 600.0,
    json_: Json = False,
) -> None:
    """Load an S3 object's codes into a campaign. The request's id is the import's."""
    from schemas.requests import ImportCommand

    bucket, object_key = _address(source, bucket, object_key)
    fields = {
        "campaign_id": campaign,
        "bucket": bucket,
        "key": object_key,
        "version_id": version_id,
        "code_type": code_type,
    }
    send(made(ImportCommand, fields, request_id), key, wait, timeout_s, json_)


def _address(source: str | None, bucket: str | None, object_key: str | None) -> tuple[str, str]:
    """The object, said in either way."""
    if source is None and bucket is not None and object_key is not None:
        return bucket, object_key
    if source is None or bucket is not None or object_key is not None:
        raise wrong_usage("say which object: either s3://bucket/key, or --bucket and --object-key")
    named, slash, rest = source.removeprefix(S3_SCHEME).partition("/")
    if not source.startswith(S3_SCHEME) or not slash:
        raise wrong_usage("SOURCE must be s3://bucket/key")
    return named, rest
