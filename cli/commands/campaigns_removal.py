"""`codes campaigns archive` and `codes campaigns purge`: remove a closed campaign.

Out:      how far it is, on standard error; what was removed, or would be, as fields or one JSON object.
Promise:  `purge` removes nothing without `--confirm` and the campaign's id. Exit code 0 only if everything is
          removed, or if nothing was to be. Run again, an interrupted command goes on.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.commands.campaigns_export import ExportId, FormatName, To, open_export, order_of
from cli.commands.campaigns_query import By, CampaignId, name_of
from cli.commands.printing import Json, complain, print_fields, print_json, wrong_usage
from schemas.clock import utc_now

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from ops.campaigns.export import ExportOrder
    from ops.campaigns.removal import Removal
    from schemas.documents import RemovalRecord

CONFIRM_HELP: Final = "The campaign's id again; without it nothing is removed."
Confirm = Annotated[str | None, typer.Option("--confirm", metavar="ID", help=CONFIRM_HELP)]


def archive(
    campaign_id: CampaignId,
    *,
    to: To,
    format_: FormatName = "csv",
    export_id: ExportId = None,
    by: By = None,
    json_: Json = False,
) -> None:
    """Export a closed campaign without holds, then remove its codes, reservations and ledger entries.

    Takes an export that is finished, if --export-id names one. Interrupted? Run it again with the same --export-id.
    """
    from cli.interrupts import run

    order = order_of(campaign_id, to, format_, export_id, by)
    record, removed = run(_archive(order))
    _print(campaign_id, record, removed, json_)


def purge(campaign_id: CampaignId, *, confirm: Confirm = None, by: By = None, json_: Json = False) -> None:
    """Remove a closed campaign without an export: count what would be removed, or with --confirm remove it.

    Holds are removed too. Who purged it, and when, is recorded in the collection audit_records.
    """
    from cli.interrupts import run

    if confirm is None:
        counts = run(_counts(campaign_id, name_of(by)))
        _print_counts(campaign_id, counts, json_)
        return
    if confirm != campaign_id:
        raise wrong_usage(f"--confirm must be {campaign_id}")
    record, removed = run(_purge(campaign_id, name_of(by)))
    _print(campaign_id, record, removed, json_)


async def _archive(order: "ExportOrder") -> "tuple[RemovalRecord, Mapping[str, int]]":
    async with open_removal(order.campaign_id, order.by) as removal, open_export(order) as export_:
        _, document = await removal.check("archive")
        if document.removal is not None:
            return await removal.resume(document.removal), removal.removed
        complain(f"export {order.export_id} to {order.place.address}")
        manifest = await export_.run()
        return await removal.archive(manifest, export_.manifests.address), removal.removed


async def _purge(campaign_id: str, by: str) -> "tuple[RemovalRecord, Mapping[str, int]]":
    async with open_removal(campaign_id, by) as removal:
        return await removal.purge(), removal.removed


async def _counts(campaign_id: str, by: str) -> "Mapping[str, int]":
    async with open_removal(campaign_id, by) as removal:
        await removal.check("purge")
        return {**await removal.removing.counts(), "holds": await removal.removing.holds()}


def open_removal(campaign_id: str, by: str) -> "AbstractAsyncContextManager[Removal]":
    """A removal on the parts of the settings."""
    from contextlib import asynccontextmanager

    from ops.campaigns.forgetting import forget
    from ops.campaigns.removal import Removal
    from ops.campaigns.settling import until_answered
    from ops.settings.load import load_settings
    from stores.mongo.audit_records import AuditRecords
    from stores.mongo.campaign_desk import CampaignDesk
    from stores.mongo.closing import Closing
    from stores.mongo.collections import open_collections
    from stores.mongo.removing import Removing

    @asynccontextmanager
    async def opened() -> "AsyncIterator[Removal]":
        settings = load_settings()
        async with open_collections(settings.mongo) as collections:
            yield Removal(
                campaign_id=campaign_id,
                by=by,
                removing=Removing(collections, campaign_id),
                desk=CampaignDesk(collections),
                closing=Closing(collections),
                records=AuditRecords(collections),
                settle=lambda: until_answered(settings, now=utc_now()),
                forget=lambda: forget(settings, campaign_id, warn=complain),
                clock=utc_now,
                report=_print_progress,
            )

    return opened()


def _print_progress(removed: Mapping[str, int]) -> None:
    complain("removed " + ", ".join(f"{name} {count:,}" for name, count in removed.items()))


def _print(campaign_id: str, record: "RemovalRecord", removed: Mapping[str, int], json_: bool) -> None:
    if json_:
        print_json({"campaign_id": campaign_id, **record.model_dump(mode="json"), "removed": dict(removed)})
        return
    fields = {"campaign_id": campaign_id, "kind": record.kind, "state": record.state, "manifest": record.manifest}
    counts = {name: f"{count:,}" for name, count in removed.items()}
    print_fields({name: value for name, value in {**fields, **counts}.items() if value is not None})


def _print_counts(campaign_id: str, counts: Mapping[str, int], json_: bool) -> None:
    if json_:
        print_json({"campaign_id": campaign_id, "would_remove": dict(counts)})
        return
    print_fields({name: f"{count:,}" for name, count in counts.items()})
    complain(
        f"nothing was removed; to remove all of it for good: codes campaigns purge {campaign_id} "
        f"--confirm {campaign_id}"
    )
