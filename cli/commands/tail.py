"""`codes tail`: what goes over a topic, for people and for scripts.

Out:      one record after the other, as readable lines or as one JSON object a line.
Promise:  a code's value is shown only with `--reveal`. Ctrl-C ends it with exit code 0.
          Brokers that do not answer are waited for, and what came meanwhile is shown: for `--timeout-s`, without it
          for as long as somebody looks.
"""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.printing import complain, print_json, table_console

if TYPE_CHECKING:
    from cli.jobs.tailing import Wanted
    from schemas.records import IncomingRecord


def tail(
    topic: Annotated[str, typer.Argument(help="results.v1, or any topic's full name.", show_default=False)],
    *,
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="Begin with what is there.")] = False,
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="Go on at the end, or stop there.")] = True,
    max_: Annotated[int | None, typer.Option("--max", min=1, help="Stop after so many records.")] = None,
    key: Annotated[str | None, typer.Option("--key", help="Only records with this key.")] = None,
    campaign: Annotated[str | None, typer.Option("--campaign", help="Only records about this campaign.")] = None,
    uncommitted: Annotated[bool, typer.Option("--uncommitted", help="Also what aborted transactions left.")] = False,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show codes' values.")] = False,
    timeout_s: Annotated[
        float | None,
        typer.Option("--timeout-s", "--timeout", min=0.1, help="Seconds without Kafka after which to give up."),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show what goes over a topic, from now on or from the beginning, until Ctrl-C."""
    from cli.jobs.tailing import Wanted, full_name
    from ops.settings.load import load_settings

    settings = load_settings()
    wanted = Wanted(
        topic=full_name(topic, settings.topics.prefix),
        from_beginning=from_beginning or not follow,
        follow=follow,
        count_max=max_,
        key=key,
        campaign_id=campaign,
        isolation="read_uncommitted" if uncommitted else "read_committed",
    )
    _show(wanted, reveal=reveal, json_=json_, timeout_s=timeout_s)


def _show(wanted: "Wanted", *, reveal: bool, json_: bool, timeout_s: float | None) -> None:
    import asyncio
    from contextlib import aclosing, suppress

    from cli.jobs.tailing import as_json, follow
    from ops.broker.patience import kafka_patience
    from ops.settings.load import load_settings

    settings = load_settings()
    patience = kafka_patience(settings.kafka.bootstrap_servers, complain, timeout_s)

    async def show() -> None:
        async with aclosing(follow(settings, wanted, patience)) as records:
            async for record in records:
                if json_:
                    print_json(as_json(record, reveal=reveal))
                else:
                    _print(record, reveal=reveal)

    with suppress(KeyboardInterrupt):
        asyncio.run(show())


def _print(record: "IncomingRecord", *, reveal: bool) -> None:
    """Where and when on one line, then what it says: a field a line, without those that do not apply."""
    from rich.text import Text

    from cli.jobs.tailing import at, said, telling_headers

    console = table_console()
    key = "no key" if record.key is None else f"key {json.dumps(record.key.decode(errors='replace'))}"
    place = f"{at(record)}  {record.topic}.{record.partition}@{record.offset}  {key}"
    console.print(Text(place, style="bold"), soft_wrap=True)
    told = said(record.value, reveal=reveal)
    fields = told["value"] if isinstance(told.get("value"), dict) else told
    for name, value in {**telling_headers(record), **fields}.items():
        if value not in (None, []):
            line = Text.assemble((f"  {name:<16}", "dim"), json.dumps(value, ensure_ascii=False))
            console.print(line, soft_wrap=True)
