"""Sends a request or command that was built from options, and waits for the answer on request.

In:       the options' values.
Out:      where the record was written, or the answer; exits with the matching exit code.
Promise:  an invalid request is not sent.
"""

from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from cli.commands.printing import complain, wrong_usage

if TYPE_CHECKING:
    from pydantic import ValidationError

    from ops.publishing import Order, Sending, Sent
    from ops.settings.load import Settings
    from schemas.base import Model

    M = TypeVar("M", bound=Model)

OPTIONS: Final = {
    "campaign_id": "--campaign",
    "code_type": "--type",
    "fan_id": "--fan",
    "key": "--object-key",
    "reservation_id": "--reservation",
    "ttl_s": "--ttl-s",
}
"""Options whose name differs from that of their field."""

Wait = Annotated[bool, typer.Option("--wait", help="Wait for the answer.")]
TimeoutS = Annotated[
    float, typer.Option("--timeout-s", "--timeout", min=0.1, help="With --wait: give up after N seconds.")
]
ImportWait = Annotated[bool, typer.Option("--wait", help="Wait until the import ends, and show its progress.")]
ImportTimeoutS = Annotated[
    float,
    typer.Option("--timeout-s", "--timeout", min=0.1, help="With --wait: give up after N seconds without progress."),
]


def request_from_options(model: type["M"], fields: dict[str, Any], request_id: str | None) -> "M":
    """Build the request; exits with a usage error if it is invalid."""
    from pydantic import ValidationError

    from cli.jobs.publishing import new_request_id

    given = {name: value for name, value in fields.items() if value is not None}
    try:
        return model.model_validate({**given, "request_id": request_id or new_request_id()})
    except ValidationError as why:
        raise wrong_usage(_one_line(why)) from None


def send(order: "Order", key: str | None, wait: bool, timeout_s: float, json_: bool) -> None:
    """Send it, print the result, and exit with the matching exit code.

    Ctrl-C ends only the command: if the record was sent, a line says so, and how its answer is found.
    """
    from cli.commands.answers import print_answer, print_sent
    from cli.jobs.publishing import parting_line
    from cli.start import say_when_interrupted
    from ops.publishing import Sending, default_key
    from ops.settings.load import load_settings

    sending = Sending(order)
    say_when_interrupted(lambda: parting_line(sending))
    record_key = default_key(order) if key is None else key
    sent = _sent(load_settings(), sending, record_key, timeout_s if wait else None)
    if not wait:
        print_sent(sent, json_=json_)
        return
    raise typer.Exit(print_answer(sent, timeout_s=timeout_s, json_=json_))


def _sent(settings: "Settings", sending: "Sending", record_key: str, timeout_s: float | None) -> "Sent":
    """Send it; with `timeout_s`, also wait for the answer."""
    from cli.commands.import_progress import import_progress
    from cli.interrupts import run
    from cli.jobs.publishing import publish_and_wait
    from ops.publishing import publish

    if timeout_s is None:
        return run(publish(settings, sending, record_key))
    with import_progress(sending.order) as on_progress:
        waiting = publish_and_wait(
            settings, sending, record_key, timeout_s=timeout_s, on_progress=on_progress, say=complain
        )
        return run(waiting)


def _one_line(why: "ValidationError") -> str:
    """All invalid options with their errors, on one line."""
    problems = []
    for error in why.errors(include_url=False, include_input=False):
        field = ".".join(str(part) for part in error["loc"])
        option = OPTIONS.get(field, f"--{field.replace('_', '-')}")
        problems.append(f"{option} ({field}): {error['msg']}" if field else error["msg"])
    return "; ".join(problems)
