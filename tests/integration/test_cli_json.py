"""`--json` of each command has the keys that docs/scripting.md lists."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
import typer

from cli.main import app
from schemas.topics import DEAD_LETTERS, RESERVE
from tests.docs.json_keys import check, documented
from tests.integration.commanding import Codes
from tests.integration.conftest import PutCodes
from tests.integration.importing import some_files
from tests.integration.running import Neighbour, running
from tests.places import ROOT

pytestmark = pytest.mark.integration

ROLES: Final = ("worker", "importer", "expirer", "inventory")
REHEARSAL: Final = "--shape {folder}/sale.csv --campaign sale --yes-this-uses-up-codes"

AFTERWARDS: Final = {
    "codes publish reserve": "publish release --campaign sale --reservation none",
    "codes show campaign": "show campaign sale",
    "codes show fan": "show fan f-1",
    "codes fans export": "fans export f-1",
    "codes fans erase": "fans erase f-1",
    "codes show reservation": "show reservation r-1",
    "codes imports show": "imports show i-1",
    "codes imports list": "imports list",
    "codes imports cancel": "imports cancel later --force",
    "codes imports dry-run": "imports dry-run {table} --campaign sale",
    "codes tail": "tail results.v1 --no-follow --max 1",
    "codes dead-letters list": "dead-letters list",
    "codes dead-letters list --summary": "dead-letters list --summary",
    "codes dead-letters replay": "dead-letters replay",
    "codes reconcile": "reconcile --reservations",
    "codes canary --once": "canary --once --timeout-s 1",
    "codes rehearse --dry-run": f"rehearse {REHEARSAL} --dry-run",
    "codes rehearse shape": "rehearse shape steady",
    "codes audit": "audit",
    "codes migrate": "migrate --check",
    "codes doctor": "doctor",
    "codes acl": "acl",
    "codes config": "config",
    "codes metrics": "metrics",
    "codes schemas": "schemas --out {folder}/api",
    "codes monitoring": "monitoring --out {folder}/rules",
    "codes dev down": "dev down",
    "codes dev status": "dev status",
}


def all_commands(command: Any, name: str = "codes") -> dict[str, set[str]]:
    """Each command's name, with its options; a group may be a command too."""
    groups = getattr(command, "commands", {})
    found = {
        key: value for word, inner in groups.items() for key, value in all_commands(inner, f"{name} {word}").items()
    }
    if not groups or (command.invoke_without_command and command.callback is not None and name != "codes"):
        found[name] = {option for param in command.params for option in param.opts}
    return found


def test_every_command_has_it_and_is_on_the_page() -> None:
    """Except the roles."""
    page = (ROOT / "docs/scripting.md").read_text()
    commands = all_commands(typer.main.get_command(app))
    words = {name: name.rpartition(" ")[2] for name in commands if name.removeprefix("codes ") not in ROLES}

    assert [] == [name for name in words if "--json" not in commands[name]]
    assert [] == [name for name, word in words.items() if f"`{name}" not in page and f"`{word}`" not in page]


async def test_the_keys_are_those_of_the_page(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """Of a life of a code, and of what operators look at."""
    codes = Codes({**environment, "CODES_DEV_DIR": str(tmp_path / "none"), "CODES_OPS__PORT": "0"})
    table = tmp_path / "codes.csv"
    table.write_text("code\nA-1\nB 2\n")
    (tmp_path / "sale.csv").write_text("second,reserve,assign,release\n0,4,0,0\n1,0,0,0\n")

    async def printed(words: str) -> str:
        ended = await codes(*words.format(table=table, folder=tmp_path).split(), "--json")
        assert ended.out, ended
        return ended.out

    await stocked("sale", 20)
    with some_files(environment) as files:
        async with running("worker", environment, tmp_path / "w.log"):
            await neighbour.send(RESERVE, b"not JSON")
            reserved = json.loads(await printed("publish reserve --campaign sale --fan f-1 --request-id r-1 --wait"))
            check("codes rehearse", await printed(f"rehearse {REHEARSAL}"))
        async with running("importer", environment, tmp_path / "i.log"):
            upload = f"publish import {table} --campaign sale --bucket {files.bucket} --request-id i-1 --wait"
            check("codes publish import --wait", await printed(upload))
    check("codes publish reserve --wait", json.dumps(reserved))
    [letter] = await neighbour.records(DEAD_LETTERS, 1)
    shown = json.loads(await printed(f"dead-letters show {letter.partition}@{letter.offset} --reveal"))
    listed = documented()["codes dead-letters list", "each line"]
    assert {*listed, "headers", "key", "bytes", "sha256", "shape", "value"} == set(shown)
    check("codes show code", await printed(f"show code {reserved['code_ids'][0]}"))
    assert {"source"} == set(json.loads(await printed("show request r-1"))) - set(reserved)
    for command, words in AFTERWARDS.items():
        check(command, await printed(words))
