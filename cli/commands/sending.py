"""How commands send a request: made from options, sent, and its answer awaited if asked to.

In:       fields as typed.
Out:      where the record stands, or the answer; the process ends with the exit code that goes with it.
Promise:  what the service would refuse to read is not sent.
"""

from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from cli.commands.printing import complain, wrong_usage

if TYPE_CHECKING:
    from pydantic import ValidationError

    from cli.jobs.publishing import Order, Sent
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
"""Options that are not named exactly like their field."""

Wait = Annotated[bool, typer.Option("--wait", help="Wait for the answer.")]
TimeoutS = Annotated[float, typer.Option("--timeout-s", "--timeout", min=0.1, help="Seconds to wait for it.")]
ImportWait = Annotated[bool, typer.Option("--wait", help="Wait for the import's end, and show how it gets on.")]
ImportTimeoutS = Annotated[
    float,
    typer.Option("--timeout-s", "--timeout", min=0.1, help="Seconds to wait for news of it; each one counts anew."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def made(model: type["M"], fields: dict[str, Any], request_id: str | None) -> "M":
    """The request, if it is one that the service will read."""
    from pydantic import ValidationError

    from cli.jobs.publishing import new_request_id

    given = {name: value for name, value in fields.items() if value is not None}
    try:
        return model.model_validate({**given, "request_id": request_id or new_request_id()})
    except ValidationError as why:
        raise wrong_usage(_one_line(why)) from None


def send(order: "Order", key: str | None, wait: bool, timeout_s: float, json_: bool) -> None:
    """Send it, say what came of it, and end with the exit code that goes with that."""
    import asyncio

    from cli.commands.answers import print_answer, print_sent
    from cli.jobs.publishing import default_key, publish
    from ops.settings.load import load_settings

    settings, record_key = load_settings(), default_key(order) if key is None else key
    if not wait:
        print_sent(asyncio.run(publish(settings, order, record_key)), json_=json_)
        return
    sent = _waited(settings, order, record_key, timeout_s)
    raise typer.Exit(print_answer(sent, timeout_s=timeout_s, json_=json_))


def _waited(settings: "Settings", order: "Order", record_key: str, timeout_s: float) -> "Sent":
    """Send it and wait. Ctrl-C ends the waiting only, and says so of an import, which might run for an hour."""
    import asyncio

    from cli.commands.import_progress import import_progress
    from cli.jobs.publishing import publish_and_wait
    from schemas.requests import ImportCommand

    try:
        with import_progress(order) as on_progress:
            sending = publish_and_wait(
                settings, order, record_key, timeout_s=timeout_s, on_progress=on_progress, say=complain
            )
            return asyncio.run(sending)
    except KeyboardInterrupt:
        if isinstance(order, ImportCommand):
            import_id = order.request_id
            complain(f"import {import_id} goes on; codes imports show {import_id}, codes imports cancel {import_id}")
        raise


def _one_line(why: "ValidationError") -> str:
    """Each option that is wrong, and why."""
    told = []
    for error in why.errors(include_url=False, include_input=False):
        field = ".".join(str(part) for part in error["loc"])
        option = OPTIONS.get(field, f"--{field.replace('_', '-')}")
        told.append(f"{option} ({field}): {error['msg']}" if field else error["msg"])
    return "; ".join(told)
