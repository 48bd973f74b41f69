"""A rehearsal that cannot go on ends with the one error that is the cause."""

import asyncio
from typing import Any

import pytest

from cli.rehearsal import run
from cli.rehearsal.arrivals import Arrival
from cli.rehearsal.built_in import steady
from cli.rehearsal.plan import Plan
from cli.rehearsal.reading import Results
from cli.rehearsal.run import Rehearsal
from ops.settings.load import load_settings
from schemas.errors import BrokerUnavailable

PLAN = Plan(steady(), rate=0.001, campaign_id="rehearsal-1", repeat_percent=5, wait_s=30)


@pytest.fixture
def rehearsal() -> Rehearsal:
    """One that has not begun."""
    return Rehearsal(load_settings({}), PLAN, lambda _: None)


async def test_results_that_cannot_be_read_are_the_error(
    rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was sent, so there is nothing to say about it. The tasks beside it are ended."""

    async def fails(*_: Any) -> None:
        raise BrokerUnavailable("no answer")

    watched = asyncio.Event()

    async def watch(*_: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            watched.set()

    monkeypatch.setattr(Results, "read", fails)
    monkeypatch.setattr(run, "watch", watch)

    with pytest.raises(BrokerUnavailable):
        await rehearsal.run()

    assert (True, None) == (watched.is_set(), rehearsal.parting_line())


def test_an_interrupted_rehearsal_says_what_was_sent_and_what_to_remove(rehearsal: Rehearsal) -> None:
    """Holds end by themselves; the campaign does not."""
    rehearsal.found.journal.send(Arrival(0.0, "reserve"), 0)

    line = str(rehearsal.parting_line())

    assert line.startswith("1 of 30 requests were sent, 0 are answered; holds end within 600 s.")
    assert line.endswith("codes campaigns purge rehearsal-1 --confirm rehearsal-1")
    assert "sent 1 of 30, answered 0, in time 0.00 % of those sent" == rehearsal.progress()
