"""`codes schemas`: writes AsyncAPI, OpenAPI and JSON Schemas of this version; `codes schemas publish`: to a registry.

Out:      `asyncapi.json`, `openapi.json`, and `schemas/<model>.json`; existing files are replaced.
Promise:  the same version writes the same bytes, in any environment.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from cli.commands.printing import Json, complain, print_json, wrong_usage
from cli.commands.schemas_publish import publish
from ops.exit_codes import Exit

FOLDER: Final = Path("docs") / "api"
SCHEMAS: Final = "schemas"

app = typer.Typer(
    name="schemas",
    invoke_without_command=True,
    epilog="Examples: codes schemas --out docs/api; codes schemas --check; codes schemas publish --dry-run",
)
app.command(
    epilog="Examples: codes schemas publish --dry-run; codes schemas publish; codes schemas publish --check --json"
)(publish)

State = Literal["written", "current", "missing", "differs", "left over"]


@app.callback()
def schemas(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", file_okay=False, help="Output folder.")] = FOLDER,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 if a file is missing or outdated.")
    ] = False,
    json_: Json = False,
) -> None:
    """Write the interface descriptions for other teams' tools: AsyncAPI 3.0, OpenAPI 3.1, JSON Schemas.

    `publish` publishes the JSON Schemas to a schema registry.
    """
    if context.invoked_subcommand is not None:
        _refuse_options(is_given=check or json_ or out != FOLDER)
        return
    states = compared(out) if check else written(out)
    if json_:
        print_json({"files": [{"file": str(file), "state": state} for file, state in states.items()]})
    else:
        for file, state in states.items():
            typer.echo(f"{file}: {state}" if check else file)
    if check and set(states.values()) != {"current"}:
        complain(f"{out} differs from what this version writes; run the command without --check to update it")
        raise typer.Exit(Exit.FAILED)


def _refuse_options(*, is_given: bool) -> None:
    """`codes schemas --check publish` would publish, for whoever has only misplaced an option."""
    if is_given:
        raise wrong_usage("options stand after the command: codes schemas publish --check")


def files() -> dict[str, str]:
    """File names and contents."""
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
    (out / SCHEMAS).mkdir(parents=True, exist_ok=True)
    generated = files()
    for name, text in generated.items():
        (out / name).write_text(text, encoding="utf-8")
    return {out / name: "written" for name in generated}


def compared(out: Path) -> Mapping[Path, State]:
    """The state of each expected file, and of files that should not exist."""
    generated = {out / name: text for name, text in files().items()}
    found = {file: state_of(file, text) for file, text in generated.items()}
    others = sorted({*out.glob("*.json"), *(out / SCHEMAS).glob("*.json")} - generated.keys())
    return {**found, **dict.fromkeys(others, "left over")}


def state_of(file: Path, text: str) -> State:
    if not file.is_file():
        return "missing"
    return "current" if file.read_text(encoding="utf-8") == text else "differs"
