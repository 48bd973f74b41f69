"""An observer that only remembers: a list of facts."""

from typing import Any, TypeVar

from schemas.observation.fact import Fact, Place

F = TypeVar("F", bound=Fact)


class ObservedFacts(list[Fact]):
    """Implements `schemas.observation.Observer`."""

    def observe(self, fact: Fact, /) -> None:
        """Remember it."""
        self.append(fact)

    def of(self, kind: type[F]) -> list[F]:
        """The facts of one kind, in order."""
        return [fact for fact in self if isinstance(fact, kind)]

    def each(self, kind: type[Fact], field: str) -> list[Any]:
        """One field of the facts of one kind, in order."""
        return [getattr(fact, field) for fact in self.of(kind)]

    def places(self, kind: type[Fact]) -> list[Place]:
        """Where the facts of one kind were observed: topic and partition, in order."""
        return list(zip(self.each(kind, "topic"), self.each(kind, "partition"), strict=True))
