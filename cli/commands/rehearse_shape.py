"""`codes rehearse shape`: a shape as CSV, built in or of a past sale; and the option `--shape`.

Out:      the CSV on standard output or in a file, or one JSON object.
Promise:  no record is read.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.printing import Json, complain, print_json, wrong_usage

if TYPE_CHECKING:
    from cli.rehearsal.shape import Shape


def names(incomplete: str) -> list[str]:
    """What a shell offers for a built-in shape."""
    from cli.rehearsal.built_in import BUILT_IN

    return [name for name in BUILT_IN if name.startswith(incomplete)]


def names_and_files(incomplete: str) -> list[str]:
    """The same for `--shape`, which may be a file of this folder too."""
    files = sorted(path.name for path in Path().glob("*.csv"))
    return [*names(incomplete), *(name for name in files if name.startswith(incomplete))]


BuiltIn = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        help="A built-in shape: opening or steady.",
        autocompletion=names,
        show_default=False,
    ),
]
Since = Annotated[
    str | None, typer.Option("--since", help="Begin of a past sale: RFC 3339, or an age such as 2h or 7d.")
]
Until = Annotated[str | None, typer.Option("--until", help="Its end; same formats as --since.")]
Out = Annotated[
    Path | None, typer.Option("--out", dir_okay=False, help="Write the CSV to this file.", show_default=False)
]


def shape(
    name: BuiltIn = None, *, since: Since = None, until: Until = None, out: Out = None, json_: Json = False
) -> None:
    """Print a shape: a built-in one, or that of a past sale, counted on the request topics without reading them."""
    if (name is None) == (since is None) or (since is None) != (until is None):
        raise wrong_usage("name a built-in shape, or a past sale with --since and --until")
    found = _past(since, until) if since is not None and until is not None else shape_from(name or "")
    if out is not None:
        out.write_text(found.as_csv())
        complain(f"wrote {out}: {sum(found.counts().values()):,} requests in {found.seconds:g} s")
    if json_:
        print_json(as_json(found))
    elif out is None:
        typer.echo(found.as_csv(), nl=False)


def shape_from(source: str) -> "Shape":
    """A built-in shape, or that of a file; exits with a usage error if it is neither."""
    from cli.rehearsal.built_in import BUILT_IN
    from cli.rehearsal.shape import parsed

    if source in BUILT_IN:
        return BUILT_IN[source]()
    file = Path(source)
    if not file.is_file():
        raise wrong_usage(f"there is no file {source}; built-in shapes: {', '.join(BUILT_IN)}")
    try:
        return parsed(file.name, file.read_text())
    except ValueError as why:
        raise wrong_usage(f"{source}: {why}") from None


def as_json(found: "Shape") -> dict[str, object]:
    """The keys of docs/scripting.md."""
    return {
        "shape": found.name,
        "seconds": found.seconds,
        "counts": found.counts(),
        "rows": [row._asdict() for row in found.rows],
    }


def _past(since: str, until: str) -> "Shape":
    from datetime import UTC, datetime

    from audit.instants import instant_ms
    from cli.interrupts import run
    from cli.rehearsal.history import past_shape
    from cli.rehearsal.shape import checked
    from ops.settings.load import load_settings

    now = datetime.now(UTC)
    try:
        since_ms, until_ms = instant_ms(since, now), instant_ms(until, now)
    except ValueError:
        raise wrong_usage("--since, --until: expected RFC 3339 or a time ago, such as 2h") from None
    if since_ms >= until_ms:
        raise wrong_usage("--until: must be after --since")
    found = run(past_shape(load_settings(), since_ms, until_ms))
    if found.is_cut:
        complain("a request topic begins within this time: its retention may have removed earlier requests")
    try:
        return checked(found.shape)
    except ValueError as why:
        raise wrong_usage(f"--since, --until: {why}") from None
