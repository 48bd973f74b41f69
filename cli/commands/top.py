"""`codes top`: the inventory's page for a terminal.

Out:      a live screen in a terminal; one frame with `--once`, in a pipe, or in a terminal that cannot move its
          cursor. With `--json` the figures as one JSON object.
Promise:  reads the HTTP API only. The token is never shown. SIGTERM ends it with exit code 0, Ctrl-C with 130.
"""

import sys
from enum import StrEnum
from io import TextIOWrapper
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.commands.printing import complain, print_json, table_console, wrong_usage

if TYPE_CHECKING:
    from pydantic import SecretStr

    from cli.top.api import Wanted
    from schemas.settings import InventorySettings

ANY_HOST: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # a client cannot connect to the wildcard address


class SortBy(StrEnum):
    NAME = "name"
    AVAILABLE = "available"
    TOTAL = "total"
    RATE = "rate"
    EMPTY = "empty"
    CHANGED = "changed"


def top(
    *,
    url: Annotated[
        str | None, typer.Option("--url", help="Address of the API; default: from the inventory's settings.")
    ] = None,
    token: Annotated[
        str | None,
        typer.Option("--token", help="Bearer token; safer in CODES_INVENTORY__TOKEN or its _FILE."),
    ] = None,
    campaign: Annotated[str, typer.Option("--campaign", help="Only campaigns whose id contains this text.")] = "",
    sort: Annotated[SortBy, typer.Option("--sort", help="Sort order of the campaigns.")] = SortBy.EMPTY,
    interval_s: Annotated[
        float, typer.Option("--interval-s", min=0.5, max=3600, help="Refresh interval, in seconds.")
    ] = 2,
    timeout_s: Annotated[
        float | None,
        typer.Option("--timeout-s", "--timeout", min=0.1, help="Give up after N seconds without an answer."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Print one frame and exit.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object and exit.")] = False,
) -> None:
    """Show health, what needs attention, stock, imports, lag, alerts and dead letters, live, until Ctrl-C."""
    from pydantic import SecretStr

    from cli.top.api import Wanted
    from ops.settings.load import load_settings

    settings = load_settings().inventory
    secret = settings.token if token is None else SecretStr(token)
    address, wanted = url or local_url(settings), Wanted(campaign, sort.value)
    if json_:
        _print_json(address, secret, wanted, timeout_s)
    else:
        _show(address, secret, wanted, None if once else interval_s, timeout_s)


def local_url(settings: "InventorySettings") -> str:
    """The local address of the inventory with these settings."""
    if settings.port == 0:
        raise wrong_usage(
            "set the address of the inventory: --url (see its log event api_listening), or CODES_INVENTORY__PORT"
        )
    host = ANY_HOST.get(settings.host, settings.host)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def _print_json(url: str, token: "SecretStr | None", wanted: "Wanted", timeout_s: float | None) -> None:
    """The parts of the page's API, each as the API answers it."""
    from cli.interrupts import run
    from cli.top.api import opened
    from cli.top.live import Screen, first
    from schemas.base import rfc3339
    from web.queries import LIMIT_MAX

    async def figures() -> dict[str, object]:
        async with opened(url, token) as api:
            screen = Screen(api, wanted, complain)
            await first(screen, LIMIT_MAX, timeout_s)
            found = screen.now().figures
        parts = ("health", "attention", "campaigns", "imports", "lag", "alerts", "dead_letters")
        return {"at": rfc3339(found.at), **{name: getattr(found, name).model_dump(mode="json") for name in parts}}

    print_json(run(figures()))


def _show(
    url: str, token: "SecretStr | None", wanted: "Wanted", interval_s: float | None, timeout_s: float | None
) -> None:
    from asyncio import CancelledError
    from contextlib import suppress

    from cli.interrupts import run
    from cli.top.api import opened
    from cli.top.live import Screen, show_live, show_once

    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a character that the terminal lacks must not end the command
    console = table_console()

    async def show() -> None:
        async with opened(url, token) as api:
            screen = Screen(api, wanted, complain)
            if interval_s is None or not console.is_terminal or console.is_dumb_terminal:
                await show_once(screen, console, give_up_after_s=timeout_s)
            else:
                await show_live(screen, console, interval_s, give_up_after_s=timeout_s)

    with suppress(CancelledError):  # SIGTERM
        run(show())
