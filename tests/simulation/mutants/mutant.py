"""A defect that is put in place for a while. Out: `Mutant`, `swapped`."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Final

from tests.simulation.mutants.focus import Focus

ANY: Final = Focus()


@dataclass(frozen=True, slots=True)
class Mutant:
    """A defect, which the simulation must find."""

    name: str
    put_in: Callable[[], AbstractContextManager[None]]
    seeds: Sequence[int] = ()
    """That showed it when it was written: they are tried first."""
    focus: Focus = ANY


@contextmanager
def swapped(owner: Any, **members: Any) -> Iterator[None]:
    """These members of a class or module are others for a while."""
    before = {name: owner.__dict__[name] for name in members}
    for name, value in members.items():
        setattr(owner, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(owner, name, value)
