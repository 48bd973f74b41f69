"""One-off jobs wait for MongoDB and S3, and not for ever. Time is skipped."""

import pytest

from schemas.errors import CodeServiceError, ImportFailed, ObjectStoreUnavailable, StoreUnavailable
from stores import patience
from stores.patience import PATIENCE_S, patiently
from tests.fakes.time import run


class Part:
    """Fails so often, then answers."""

    def __init__(self, *failures: CodeServiceError) -> None:
        self.failures = list(failures)
        self.tries = 0

    async def work(self, value: int) -> int:
        """The value."""
        self.tries += 1
        if self.failures:
            raise self.failures.pop(0)
        return value


def test_an_outage_is_survived() -> None:
    """Of either part."""
    part = Part(StoreUnavailable("no primary"), ObjectStoreUnavailable("SlowDown (503)"))

    assert 7 == run(patiently(part.work, 7))
    assert 3 == part.tries


def test_another_error_is_not_repeated() -> None:
    """It would come again."""
    part = Part(ImportFailed("access_denied"))

    with pytest.raises(ImportFailed):
        run(patiently(part.work, 7))

    assert 1 == part.tries


def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last error is raised."""
    now = iter([0.0, PATIENCE_S - 1, PATIENCE_S + 1])
    monkeypatch.setattr(patience, "monotonic", lambda: next(now))
    part = Part(*[StoreUnavailable("no primary")] * 5)

    with pytest.raises(StoreUnavailable):
        run(patiently(part.work, 7))

    assert 2 == part.tries
