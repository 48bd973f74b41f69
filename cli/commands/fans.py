"""`codes fans`: exports what the database has about a fan, and erases the fan's id.

Out:      one JSON object, or the counts of an erasure.
Promise:  nothing is changed without `--confirm` and the same id. No code's value without `--with-values`.
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.commands.printing import Json, complain, print_fields, print_json
from ops.exit_codes import Exit

if TYPE_CHECKING:
    from ops.settings.load import Settings

app = typer.Typer(name="fans", help="Export or erase what is stored about a fan.", no_args_is_help=True)

FanId = Annotated[str, typer.Argument(show_default=False)]
WithValues = Annotated[
    bool, typer.Option("--with-values", help="Include the values of codes that are assigned to the fan.")
]
Confirm = Annotated[
    str | None,
    typer.Option("--confirm", metavar="FAN_ID", help="The fan's id again: erase it, do not only count."),
]
Pseudonym = Annotated[
    bool, typer.Option("--pseudonym", help="Use one random id for all documents, not another one in each.")
]
By = Annotated[
    str | None, typer.Option("--by", help="Who asks for it, for the audit record; by default this system's user.")
]


@app.command(epilog="Examples: codes fans export fan-1 > fan-1.json; codes fans export fan-1 --with-values --json")
def export(fan_id: FanId, *, with_values: WithValues = False, json_: Json = False) -> None:
    """Print all that the database has about a fan, as JSON: with --json on one line.

    Reads every reservation and the whole ledger, which may take a while.
    """
    from cli.interrupts import run
    from cli.jobs import erasing
    from ops.settings.load import load_settings
    from stores.mongo.collections import open_collections

    async def work() -> dict[str, Any] | None:
        async with open_collections(load_settings().mongo) as collections:
            return await erasing.export(collections, fan_id, with_values=with_values)

    found = run(work())
    if found is None:
        complain(f"there is no reservation or request of fan {fan_id}")
        raise typer.Exit(Exit.FAILED)
    if json_:
        print_json(found)
    else:
        _print_indented(found)


@app.command(epilog="Examples: codes fans erase fan-1; codes fans erase fan-1 --confirm fan-1 --pseudonym")
def erase(
    fan_id: FanId,
    *,
    confirm: Confirm = None,
    pseudonym: Pseudonym = False,
    by: By = None,
    json_: Json = False,
) -> None:
    """Replace a fan's id with random ids everywhere in the database. Without --confirm, only count.

    Reads every reservation and the whole ledger, which may take a while. May be run again after it was killed.
    """
    from getpass import getuser

    from cli.interrupts import run
    from ops.settings.load import load_settings

    settings = load_settings()
    if confirm is None:
        _report(run(_counted(settings, fan_id)), json_=json_)
        complain("nothing was changed; to erase the fan, run it again with --confirm and the fan's id")
        return
    if confirm != fan_id:
        complain("--confirm names another id; nothing was changed")
        raise typer.Exit(Exit.FAILED)
    _report(run(_erased(settings, fan_id, by or getuser(), pseudonym=pseudonym)), json_=json_)


async def _counted(settings: "Settings", fan_id: str) -> dict[str, Any]:
    from cli.jobs import erasing
    from stores.mongo.collections import open_collections

    async with open_collections(settings.mongo) as collections:
        return {"erased": False, **await erasing.erasable(collections, fan_id), "audit_record": None}


async def _erased(settings: "Settings", fan_id: str, by: str, *, pseudonym: bool) -> dict[str, Any]:
    from cli.jobs import erasing
    from schemas.errors import SettingsInvalid
    from stores.mongo.collections import open_collections

    key = settings.fans.audit_key
    if key is None:
        raise SettingsInvalid("CODES_FANS__AUDIT_KEY: not set; it makes the hash of the fan in the audit record")
    async with open_collections(settings.mongo) as collections:
        done = await erasing.erase(collections, fan_id, key=key.get_secret_value(), by=by, pseudonym=pseudonym)
    return {"erased": True, **done}


def _report(found: dict[str, Any], *, json_: bool) -> None:
    if json_:
        print_json(found)
    else:
        print_fields(found)


def _print_indented(found: dict[str, Any]) -> None:
    import orjson

    typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2))
