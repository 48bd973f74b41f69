"""Filters: the operators that the service uses, and no others.

In:   a filter.
Out:  `compiled`: a predicate on documents; `equalities`: the values that fields must equal, for look-ups by index.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from tests.simulation.mongo.errors import NotModelled
from tests.simulation.mongo.values import Document, at_path, is_equal, rank, sort_key

Predicate = Callable[[Document], bool]
Test = Callable[[Any], bool]

HASHABLE: Final = frozenset({str, int, float, type(None)})


def compiled(wanted: Mapping[str, Any]) -> Predicate:
    """Whether a document matches.

    Raises:
        NotModelled: an operator that the simulation does not have.
    """
    tests = [(path, test) for path, condition in wanted.items() for test in _tests(path, condition)]
    if not tests:
        return lambda _document: True

    def matches(document: Document) -> bool:
        for path, test in tests:
            found = document.get(path) if "." not in path else at_path(document, path)
            if type(found) is list:
                if not _any_inside(test, found):
                    return False
            elif not test(found):
                return False
        return True

    return matches


def _any_inside(test: Test, found: list[Any]) -> bool:
    """An array matches as a whole, or by one of its elements; a negation must hold for all."""
    if getattr(test, "is_negation", False):
        return test(found) and all(test(inner) for inner in found)
    return test(found) or any(test(inner) for inner in found)


def _tests(path: str, condition: Any) -> Iterable[Test]:
    if path.startswith("$"):
        raise NotModelled(f"the query operator {path}")
    if not _is_operators(condition):
        return [_equals(condition)]
    return [_operator(name, operand) for name, operand in condition.items()]


def _is_operators(condition: Any) -> bool:
    return isinstance(condition, dict) and any(name.startswith("$") for name in condition)


def _operator(name: str, operand: Any) -> Test:
    if name not in OPERATORS:
        raise NotModelled(f"the query operator {name}")
    return OPERATORS[name](operand)


def _equals(wanted: Any) -> Test:
    if type(wanted) is str:
        return lambda found: found == wanted
    return lambda found: is_equal(found, wanted)


def _in(wanted: Sequence[Any]) -> Test:
    if all(type(value) is str for value in wanted):
        strings = frozenset(wanted)
        return lambda found: type(found) is str and found in strings
    return lambda found: any(is_equal(found, value) for value in wanted)


def _not_in(wanted: Sequence[Any]) -> Test:
    is_in = _in(wanted)

    def is_not_in(found: Any) -> bool:
        return not is_in(found)

    is_not_in.is_negation = True  # type: ignore[attr-defined]  # see `_any_inside`
    return is_not_in


def _not_equal(wanted: Any) -> Test:
    return _not_in([wanted])


def _compared(holds: Callable[[Any, Any], bool]) -> Callable[[Any], Test]:
    """Only values of the same type compare."""

    def of(bound: Any) -> Test:
        kind, key = rank(bound), sort_key(bound)
        if type(bound) is str or type(bound) is int:
            same = type(bound)
            return lambda found: (
                holds(found, bound) if type(found) is same else rank(found) == kind and holds(sort_key(found), key)
            )
        return lambda found: rank(found) == kind and holds(sort_key(found), key)

    return of


def _regex(pattern: str) -> Test:
    found_in = re.compile(pattern).search
    return lambda found: isinstance(found, str) and found_in(found) is not None


OPERATORS: Final[Mapping[str, Callable[[Any], Test]]] = {
    "$eq": _equals,
    "$ne": _not_equal,
    "$in": _in,
    "$nin": _not_in,
    "$gt": _compared(lambda found, bound: found > bound),
    "$gte": _compared(lambda found, bound: found >= bound),
    "$lt": _compared(lambda found, bound: found < bound),
    "$lte": _compared(lambda found, bound: found <= bound),
    "$regex": _regex,
}


def equalities(wanted: Mapping[str, Any], path: str) -> Sequence[Any] | None:
    """The values one of which a field must equal; None if the filter does not say so."""
    if path not in wanted:
        return None
    condition = wanted[path]
    values = condition.get("$in", condition.get("$eq")) if _is_operators(condition) else [condition]
    if not isinstance(values, list) or any(type(value) not in HASHABLE for value in values):
        return None
    return values
