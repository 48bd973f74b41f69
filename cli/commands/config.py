"""`codes config`: all settings, their effective values, and the source of each.

Out:      a table, JSON, or the Markdown of docs/settings.md.
Promise:  no secret is shown.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from ops.settings.load import Settings
    from ops.settings.variables import Variable

MARKDOWN_HEAD: Final = """\
# Settings

Every role reads its settings from the environment once, when it starts. `codes config` shows the effective values
and the source of each. `codes config --docs` generates this file.

- Lists and objects are JSON: `CODES_S3__ALLOWED_BUCKETS='["codes-in"]'`.
- Any variable may come from a file: `CODES_MONGO__URI_FILE=/run/secrets/uri` is read as `CODES_MONGO__URI`.
- `CODES_SECRETS_DIR` names a directory with one file per secret, named like the variable, in upper or lower case.
  The environment takes precedence.
- An empty value counts as not set if the setting is optional.
- An unknown `CODES_` variable is an error, so that a misspelt one is noticed. `CODES_DEV_*` and `CODES_TEST_*`
  belong to the local stack and the tests.
- S3 credentials are found as by all AWS programs: `AWS_ACCESS_KEY_ID` and the rest of the credential chain.

| variable | default | allowed | meaning |
|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A setting as displayed."""

    variable: str
    value: str
    allowed: str
    origin: str
    """`default`, `environment` or `file <path>`."""
    description: str


def config(
    json_: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
    docs: Annotated[bool, typer.Option("--docs", help="Print docs/settings.md.")] = False,
) -> None:
    """Show all settings: value, range, and source of the value. Secrets are masked."""
    if docs:
        typer.echo(markdown(), nl=False)
    elif json_:
        typer.echo(json.dumps([asdict(row) for row in rows()], indent=2))
    else:
        _print(rows())


def rows() -> list[Row]:
    """All settings, as loaded from this process's environment.

    Raises:
        SettingsInvalid: a setting is invalid.
    """
    from ops.settings.load import VARIABLES, load_with_origins

    settings, origins = load_with_origins()
    return [
        Row(
            variable=variable.name,
            value=shown(variable, _value(settings, variable)),
            allowed=variable.allowed,
            origin=origins.get(variable.name, "default"),
            description=variable.description,
        )
        for variable in VARIABLES.values()
    ]


def markdown() -> str:
    """The text of docs/settings.md."""
    from ops.settings.load import VARIABLES

    return MARKDOWN_HEAD + "".join(
        f"| `{variable.name}` | {_cell(shown(variable, variable.default))} "
        f"| {variable.allowed.replace('|', '&#124;')} | {variable.description} |\n"
        for variable in VARIABLES.values()
    )


def shown(variable: "Variable", value: object) -> str:
    """Format a value. Of a secret URI only the password is masked."""
    from pydantic import SecretStr

    from ops.telemetry.masking import MASK, mask_text

    if value is None:
        return "-"
    if isinstance(value, SecretStr):
        return mask_text(value.get_secret_value()) if variable.name.endswith("URI") else MASK
    if isinstance(value, tuple | dict):
        return json.dumps(value)
    return mask_text(str(value))


def _value(settings: "Settings", variable: "Variable") -> object:
    value: object = settings
    for name in variable.path:
        value = getattr(value, name)
    return value


def _cell(text: str) -> str:
    return text if text == "-" else f"`{text}`"


def _print(settings: Iterable[Row]) -> None:
    from rich.table import Table
    from rich.text import Text

    from cli.commands.printing import table_console

    table = Table("variable", "value", "allowed", "from", "meaning", box=None, pad_edge=False)
    table.columns[0].no_wrap = True
    for row in settings:
        style = "dim" if row.origin == "default" else "bold"
        cells = (row.variable, row.value, row.allowed, row.origin, row.description)
        table.add_row(*(Text(cell, overflow="fold") for cell in cells), style=style)
    table_console().print(table)
