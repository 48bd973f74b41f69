"""`codes schemas`: AsyncAPI, OpenAPI and JSON Schemas of this version, as files.

Out:      `asyncapi.json`, `openapi.json`, and `schemas/<model>.json`; what stood there is replaced.
Promise:  the same version writes the same bytes, whatever the environment says.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from cli.commands.printing import complain, print_json
from ops.exit_codes import Exit

FOLDER: Final = Path("docs") / "api"
SCHEMAS: Final = "schemas"

State = Literal["written", "current", "missing", "differs", "left over"]


def schemas(
    out: Annotated[Path, typer.Option("--out", file_okay=False, help="The folder for the files.")] = FOLDER,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 if a file there is not current.")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Write the documents that tools of other teams read: AsyncAPI 3.0, OpenAPI 3.1, JSON Schemas."""
    states = compared(out) if check else written(out)
    if json_:
        print_json({"files": [{"file": str(file), "state": state} for file, state in states.items()]})
    else:
        for file, state in states.items():
            typer.echo(f"{file}: {state}" if check else file)
    if check and set(states.values()) != {"current"}:
        complain(f"{out} is not what this version writes; write it anew without --check")
        raise typer.Exit(Exit.FAILED)


def files() -> dict[str, str]:
    """All files by their names in the folder."""
    from interfaces.asyncapi import asyncapi
    from interfaces.http import openapi
    from interfaces.payloads import INCOMING, OUTGOING, schema_file
    from interfaces.text import json_text

    return {
        "asyncapi.json": json_text(asyncapi()),
        "openapi.json": json_text(openapi()),
        **{f"{SCHEMAS}/{model.__name__}.json": schema_file(model) for model in (*INCOMING, *OUTGOING)},
    }


def written(out: Path) -> Mapping[Path, State]:
    """Write all of them."""
    (out / SCHEMAS).mkdir(parents=True, exist_ok=True)
    made = files()
    for name, text in made.items():
        (out / name).write_text(text, encoding="utf-8")
    return {out / name: "written" for name in made}


def compared(out: Path) -> Mapping[Path, State]:
    """How each file that should be there is, and which one should not."""
    made = {out / name: text for name, text in files().items()}
    found = {file: state_of(file, text) for file, text in made.items()}
    others = sorted({*out.glob("*.json"), *(out / SCHEMAS).glob("*.json")} - made.keys())
    return {**found, **dict.fromkeys(others, "left over")}


def state_of(file: Path, text: str) -> State:
    """Of a file that should be there."""
    if not file.is_file():
        return "missing"
    return "current" if file.read_text(encoding="utf-8") == text else "differs"
