"""`codes tail`: shows the records of a topic, for people and for scripts.

Out:      one record after the other, as readable lines or as one JSON object per line.
Promise:  a code's value is shown only with `--reveal`. Ctrl-C ends the command, and so does
          the reader of its output, if it is a pipe that is closed.
          While Kafka is unavailable the command retries, for `--timeout-s` or without limit, and then continues
          where it stopped.
"""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.printing import complain, print_json, table_console

if TYPE_CHECKING:
    from cli.jobs.tailing import Selection
    from schemas.records import IncomingRecord


def _topics(begun: str) -> list[str]:
    """The contract's topics that a shell may complete the word to."""
    from schemas.topics import ALL_TOPICS

    return [topic.name for topic in ALL_TOPICS if topic.name.startswith(begun)]


Topic = Annotated[
    str,
    typer.Argument(
        help="A topic of the contract, such as results.v1, or any full name.",
        show_default=False,
        autocompletion=_topics,
    ),
]
FromBeginning = Annotated[bool, typer.Option("--from-beginning", help="Start at the beginning of the topic.")]
Follow = Annotated[
    bool, typer.Option("--follow/--no-follow", help="Wait for new records, or stop at the end of the topic.")
]
CountMax = Annotated[int | None, typer.Option("--max", min=1, help="Stop after N records.")]
Key = Annotated[str | None, typer.Option("--key", help="Only records with this key.")]
Campaign = Annotated[str | None, typer.Option("--campaign", help="Only records of this campaign.")]
Uncommitted = Annotated[bool, typer.Option("--uncommitted", help="Include records of open and aborted transactions.")]
Reveal = Annotated[bool, typer.Option("--reveal", help="Show the values of codes.")]
TimeoutS = Annotated[
    float | None,
    typer.Option("--timeout-s", "--timeout", min=0.1, help="Give up after N seconds without an answer from Kafka."),
]
JsonLines = Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")]


def tail(
    topic: Topic,
    *,
    from_beginning: FromBeginning = False,
    follow: Follow = True,
    max_: CountMax = None,
    key: Key = None,
    campaign: Campaign = None,
    uncommitted: Uncommitted = False,
    reveal: Reveal = False,
    timeout_s: TimeoutS = None,
    json_: JsonLines = False,
) -> None:
    """Show the records of a topic, from now on or from the beginning, until Ctrl-C."""
    from cli.jobs.tailing import Selection, full_name
    from ops.settings.load import load_settings

    settings = load_settings()
    selection = Selection(
        topic=full_name(topic, settings.topics.prefix),
        from_beginning=from_beginning or not follow,
        follow=follow,
        count_max=max_,
        key=key,
        campaign_id=campaign,
        isolation="read_uncommitted" if uncommitted else "read_committed",
    )
    _show(selection, reveal=reveal, json_=json_, timeout_s=timeout_s)


def _show(selection: "Selection", *, reveal: bool, json_: bool, timeout_s: float | None) -> None:
    from contextlib import aclosing

    from cli.interrupts import run
    from cli.jobs.tailing import as_json, follow
    from ops.broker.patience import kafka_patience
    from ops.settings.load import load_settings

    settings = load_settings()
    patience = kafka_patience(settings.kafka.bootstrap_servers, complain, timeout_s)

    async def show() -> None:
        async with aclosing(follow(settings, selection, patience)) as records:
            async for record in records:
                if json_:
                    print_json(as_json(record, reveal=reveal))
                else:
                    _print(record, reveal=reveal)

    run(show(), ends_with_pipe=True)


def _print(record: "IncomingRecord", *, reveal: bool) -> None:
    """Print time, place and key on one line, then one line per field that is not empty."""
    from rich.text import Text

    from cli.jobs.tailing import decoded_value, reason_headers, timestamp

    console = table_console()
    key = "no key" if record.key is None else f"key {json.dumps(record.key.decode(errors='replace'))}"
    place = f"{timestamp(record)}  {record.topic}.{record.partition}@{record.offset}  {key}"
    console.print(Text(place, style="bold"), soft_wrap=True)
    decoded = decoded_value(record.value, reveal=reveal)
    fields = decoded["value"] if isinstance(decoded.get("value"), dict) else decoded
    for name, value in {**reason_headers(record), **fields}.items():
        if value not in (None, []):
            line = Text.assemble((f"  {name:<16}", "dim"), json.dumps(value, ensure_ascii=False))
            console.print(line, soft_wrap=True)
