"""The options that select dead letters.

In:       what was typed.
Out:      a `Choice`, an `Address`; exits with a usage error if they are invalid.
"""

import re
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.commands.printing import wrong_usage

if TYPE_CHECKING:
    from ops.letters.choice import Choice
    from ops.letters.letter import Address

OFFSETS: Final = re.compile(r"([0-9]{1,18})(?:-([0-9]{1,18}))?")


def _topics(begun: str) -> list[str]:
    """The topics that a shell may complete the word to."""
    from schemas.topics import IMPORT, REQUEST_TOPICS

    return [topic.name for topic in (*REQUEST_TOPICS, IMPORT) if topic.name.startswith(begun)]


def _reasons(begun: str) -> list[str]:
    from typing import get_args

    from schemas.records import DeadLetterReason

    return [reason for reason in get_args(DeadLetterReason) if reason.startswith(begun)]


AddressArgument = Annotated[
    str,
    typer.Argument(metavar="PARTITION@OFFSET", help="Its position on dead-letters.v1.", show_default=False),
]
OptionalAddress = Annotated[
    str | None,
    typer.Argument(metavar="[PARTITION@OFFSET]", help="Only the one at this position.", show_default=False),
]
Topic = Annotated[str | None, typer.Option("--topic", help="Only records of this topic.", autocompletion=_topics)]
Reasons = Annotated[
    list[str] | None,
    typer.Option("--reason", help="Only this reason; may be repeated.", autocompletion=_reasons),
]
Since = Annotated[
    str | None, typer.Option("--since", help="Only since this time: RFC 3339, or an age such as 2h or 7d.")
]
Until = Annotated[str | None, typer.Option("--until", help="Only before this time; same formats as --since.")]
Partition = Annotated[int | None, typer.Option("--partition", min=0, help="Only this partition of dead-letters.v1.")]
Offsets = Annotated[
    str | None, typer.Option("--offsets", metavar="FROM-TO", help="Only these offsets of dead-letters.v1.")
]
Waiting = Annotated[bool, typer.Option("--waiting", help="Only those that were not replayed.")]
TimeoutS = Annotated[
    float,
    typer.Option("--timeout-s", "--timeout", min=0.1, help="Give up after N seconds without an answer from Kafka."),
]


def choice_from(
    topic: str | None,
    reasons: list[str] | None,
    since: str | None,
    until: str | None,
    partition: int | None,
    offsets: str | None,
    *,
    address: str | None = None,
    waiting: bool = False,
) -> "Choice":
    """Which dead letters. An address takes the place of the other options."""
    from cli.jobs.tailing import full_name
    from ops.letters.choice import Choice
    from ops.settings.load import load_settings

    if address is not None:
        if any(option is not None for option in (topic, reasons or None, since, until, partition, offsets)):
            raise wrong_usage("a position selects one dead letter: omit the other filters")
        return Choice.at(address_from(address))
    first, last = _offsets(offsets)
    return Choice(
        topic=None if topic is None else full_name(topic, load_settings().topics.prefix),
        reasons=_known_reasons(reasons or []),
        since_ms=instant_of("--since", since),
        until_ms=instant_of("--until", until),
        partition=partition,
        first_offset=first,
        last_offset=last,
        waiting=waiting,
    )


def address_from(typed: str) -> "Address":
    from ops.letters.letter import address_of

    try:
        return address_of(typed)
    except ValueError as why:
        raise wrong_usage(str(why)) from None


def _known_reasons(reasons: list[str]) -> frozenset[str]:
    known = _reasons("")
    unknown = [reason for reason in reasons if reason not in known]
    if unknown:
        raise wrong_usage(f"--reason: expected one of {', '.join(known)}")
    return frozenset(reasons)


def instant_of(option: str, typed: str | None) -> int | None:
    """Milliseconds since 1970; exits with a usage error for what is no instant."""
    from datetime import UTC, datetime

    from audit.instants import instant_ms

    try:
        return None if typed is None else instant_ms(typed, datetime.now(UTC))
    except ValueError:
        raise wrong_usage(f"{option}: expected RFC 3339 or a time ago, such as 2h") from None


def _offsets(typed: str | None) -> tuple[int, int | None]:
    """Both included; a single number is one offset."""
    if typed is None:
        return 0, None
    found = OFFSETS.fullmatch(typed)
    if found is None:
        raise wrong_usage("--offsets: expected FROM-TO, such as 100-200")
    return int(found[1]), int(found[2] or found[1])
