"""Ranges of a new collection are moved also while the balancer moves others."""

from typing import Any

import pytest
from pymongo.errors import OperationFailure

from stores.mongo import sharding


class Admin:
    """A router whose balancer is busy for the first commands."""

    def __init__(self, *errors: int) -> None:
        self.errors = list(errors)
        self.moved: list[tuple[str, str]] = []

    async def command(self, name: str, namespace: str, *, find: dict[str, str], to: str) -> None:
        """Refuse, or move."""
        assert ("moveChunk", "db.codes") == (name, namespace)
        if self.errors:
            raise OperationFailure("no", self.errors.pop(0))
        self.moved.append((find["_id"], to))


async def test_a_busy_balancer_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It moves one range of a collection at a time, and refuses to move another."""
    monkeypatch.setattr(sharding, "MOVE_RETRY_S", 0.0)
    admin: Any = Admin(117, 117)

    await sharding.move_range(admin, "db.codes", "80", "two")

    assert [("80", "two")] == admin.moved


async def test_other_refusals_are_told() -> None:
    """As the server words them."""
    admin: Any = Admin(13)

    with pytest.raises(OperationFailure):
        await sharding.move_range(admin, "db.codes", "80", "two")
