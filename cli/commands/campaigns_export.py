"""`codes campaigns export`: which fan got which code, as objects in S3.

Out:      one line for each part on standard error; the manifest's place and figures, or the manifest as JSON.
Promise:  exit code 0 only if the export is complete. Never a code's value on the terminal.
"""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.commands.campaigns_query import By, CampaignId, name_of
from cli.commands.printing import Json, complain, print_fields, print_json, wrong_usage
from cli.commands.sources import S3_SCHEME
from ops.exit_codes import Exit
from schemas.clock import utc_now

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from ops.campaigns.export import Export, ExportOrder
    from ops.campaigns.formats import Format
    from ops.campaigns.manifest import Manifest, PartEntry
    from stores.import_port import ObjectPlace

NOT_FINAL: Final = "no: the campaign was open or had holds, so codes may have moved meanwhile"

To = Annotated[str, typer.Option("--to", metavar="s3://BUCKET/PREFIX", help="Where the export's folder is made.")]
FormatName = Annotated[
    str, typer.Option("--format", help="csv, or parquet.", autocompletion=lambda: ["csv", "parquet"])
]
ExportId = Annotated[
    str | None,
    typer.Option("--export-id", help="Name of the folder; the same one again completes it.", show_default="ID-DATE"),
]


def export(
    campaign_id: CampaignId,
    *,
    to: To,
    format_: FormatName = "csv",
    export_id: ExportId = None,
    by: By = None,
    json_: Json = False,
) -> None:
    """Write every code of a campaign to S3, with its fan and request, in parts and with a manifest.

    The objects hold the values of codes. Interrupted? Run it again with the same --export-id.
    """
    from cli.interrupts import run

    order = order_of(campaign_id, to, format_, export_id, by)
    complain(f"export {order.export_id} to {order.place.address}")
    manifest = run(_export(order))
    _print(order, manifest, json_)
    if manifest.taken_without_reservation:
        complain(
            f"{manifest.taken_without_reservation:,} taken codes have no reservation, and no row: "
            "codes reconcile --reservations lists them"
        )
        raise typer.Exit(Exit.FAILED)


def order_of(campaign_id: str, to: str, format_: str, export_id: str | None, by: str | None) -> "ExportOrder":
    """What the options ask for; exits with code 2 if they are wrong."""
    from ops.campaigns.export import ExportOrder
    from stores.import_port import ObjectPlace

    name = export_id or f"{campaign_id}-{utc_now():%Y%m%dT%H%M%SZ}"
    folder = folder_of(to)
    place = ObjectPlace(folder.bucket, "/".join(filter(None, (folder.key, name))))
    return ExportOrder(campaign_id, name, place, format_of(format_), name_of(by))


def folder_of(to: str) -> "ObjectPlace":
    """The bucket and the prefix, without a slash at its end."""
    from stores.import_port import ObjectPlace

    bucket, _, prefix = to.removeprefix(S3_SCHEME).partition("/")
    if not to.startswith(S3_SCHEME) or not bucket:
        raise wrong_usage("--to must be s3://BUCKET/PREFIX")
    return ObjectPlace(bucket, prefix.strip("/"))


def format_of(word: str) -> "Format":
    """One of the formats, if it can be written here."""
    from ops.campaigns.formats import arrow

    if word == "csv":
        return "csv"
    if word != "parquet":
        raise wrong_usage("--format must be csv or parquet")
    arrow()
    return "parquet"


async def _export(order: "ExportOrder") -> "Manifest":
    async with open_export(order) as export_:
        return await export_.run()


def open_export(order: "ExportOrder") -> "AbstractAsyncContextManager[Export]":
    """An export on the parts of the settings; each part that is written is printed."""
    from contextlib import asynccontextmanager

    from ops.campaigns.export import export_of
    from ops.campaigns.manifest import ManifestStore
    from ops.settings.load import load_settings
    from stores.mongo.collections import open_collections
    from stores.s3.objects import open_objects

    @asynccontextmanager
    async def opened() -> "AsyncIterator[Export]":
        settings = load_settings()
        async with open_collections(settings.mongo) as collections, open_objects(settings.s3) as objects:
            manifests = ManifestStore(objects, order.place)
            yield export_of(collections, manifests, order, clock=utc_now, report=_print_part)

    return opened()


def _print_part(entry: "PartEntry") -> None:
    complain(f"{entry.name}: {entry.rows:,} rows, {entry.bytes:,} bytes")


def _print(order: "ExportOrder", manifest: "Manifest", json_: bool) -> None:
    address = f"{order.place.address}/manifest.json"
    if json_:
        print_json({"manifest": address, **manifest.model_dump(mode="json")})
        return
    statuses = {status: f"{count:,}" for status, count in sorted(manifest.rows_by_status.items())}
    figures = {"rows": f"{manifest.rows:,}", **statuses, "parts": f"{len(manifest.parts):,}"}
    print_fields({"manifest": address, **figures, "final": "yes" if manifest.is_final else NOT_FINAL})
