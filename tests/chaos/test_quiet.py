"""The end of a storm: a hold whose time comes is no request that nobody answered."""

from pathlib import Path

import pytest

from tests.chaos import storm
from tests.chaos.crew import Crew
from tests.chaos.environment import journal_in
from tests.chaos.faults import Faults
from tests.chaos.options import Options
from tests.checking.violation import Violation


async def test_no_expirer_asks_after_the_last_look(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It would ask for a hold that ends later, and nobody would wait for the answer."""
    seen = []

    class Watched(Crew):
        async def stop_all(self, *kinds: str) -> None:
            seen.append(f"end of {kinds}")

    async def look(*_: object, expires: bool) -> list[Violation]:
        seen.append(f"look, {expires=}")
        return [Violation("not_quiet", (), "", "")]

    monkeypatch.setattr(storm, "until_quiet", look)
    with journal_in(tmp_path) as journal:
        ending = storm.Storm(Options(7), {}, Watched({}, journal), Faults({}, journal), iter(()), journal)
        await ending._calm_down(None, None)  # type: ignore[arg-type]  # both are for `look`

    assert ["look, expires=True", "end of ('expirer',)", "look, expires=False"] == seen
