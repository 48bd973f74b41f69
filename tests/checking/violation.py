"""What a checker finds.

Out:      `Violation`.
Promise:  it has ids, names of fields, figures and words of the contract; never a code's value.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a history breaks."""

    rule: str
    ids: tuple[str, ...]
    """Of requests, codes, reservations, shards or imports, or a record's place."""
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.rule}: {', '.join(self.ids)}: expected {self.expected}, found {self.found}"
