"""`codes imports dry-run`: what an import would do.

Out:      the counts of the import's end event, the rejected rows by reason and the first of them; or one JSON object.
Promise:  nothing is written, uploaded or sent. Exit code 0 if the import would complete, 1 if it would fail.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.printing import Json, complain, print_fields, print_json, wrong_usage
from cli.commands.sources import Bucket, ObjectKey, Source, VersionId, source_of
from ops.exit_codes import Exit

if TYPE_CHECKING:
    from ops.imports.forecast import Forecast
    from schemas.base import CodeType


def dry_run(
    *,
    campaign: Annotated[str, typer.Option("--campaign", help="Id of the campaign.")],
    source: Source = None,
    bucket: Bucket = None,
    object_key: ObjectKey = None,
    version_id: VersionId = None,
    code_type: Annotated[str, typer.Option("--type", help="Code type: tm or external.")] = "tm",
    json_: Json = False,
) -> None:
    """Read a file or an S3 object as an import would, and count what it would insert and reject. Changes nothing."""
    from cli.interrupts import run
    from cli.jobs.dry_run import forecast_of
    from ops.settings.load import load_settings

    found, type_ = source_of(source, bucket, object_key, version_id), _type_of(code_type)
    forecast = run(forecast_of(load_settings(), found, campaign, type_))
    if json_:
        print_json(forecast.fields)
    else:
        _print(forecast)
    if forecast.reason is not None:
        complain(f"the import would fail: {forecast.reason}: {forecast.fields['remedy']}")
        raise typer.Exit(Exit.FAILED)


def _type_of(word: str) -> "CodeType":
    from handlers.imports.cells import CODE_TYPES

    if word not in CODE_TYPES:
        raise wrong_usage(f"--type must be one of {', '.join(CODE_TYPES)}")
    return CODE_TYPES[word]


def _print(forecast: "Forecast") -> None:
    from schemas.import_reasons import ROW_REMEDIES

    counts = ("rows_read", "inserted", "duplicates_in_file", "duplicates_in_campaign", "rejected")
    print_fields({name: f"{getattr(forecast, name):,}" for name in counts})
    for reason, count in forecast.rejects.most_common():
        typer.echo(f"rejected: {count:,} {reason}: {ROW_REMEDIES.get(reason, '')}")
    for row in forecast.lines:
        typer.echo(f"line {row['line']:,}: {row['reason']}")
