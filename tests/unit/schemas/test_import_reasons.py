"""Every reason has a remedy, and the documents have the same remedies as the code."""

import ast
import re
from collections.abc import Iterator
from typing import get_args

import pytest

from handlers.imports.cells import RejectReason
from schemas.import_reasons import IMPORT_REMEDIES, ROW_REMEDIES
from stores.s3.errors import REASONS, REASONS_BY_STATUS
from tests.places import ROOT

CODE = [path for folder in ("handlers", "stores", "consumers") for path in sorted((ROOT / folder).rglob("*.py"))]
GIVE_A_REASON = {"ImportFailed", "failed_records", "ImportProgressed"}
"""Calls whose positional arguments, and argument `reason`, are reasons."""
TABLE_ROW = re.compile(r"\| `(?P<reason>\w+)` \| [^|]+ \| (?P<remedy>[^|]+) \|")


def reasons_of(tree: ast.Module) -> Iterator[str]:
    """The reasons in a module, as literals or as constants."""
    constants = dict(named_words(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in GIVE_A_REASON:
            given = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "reason")]
            words = [word for argument in given for word in ast.walk(argument)]
            yield from (constants[word.id] for word in words if isinstance(word, ast.Name) and word.id in constants)
            yield from (str(word.value) for word in words if isinstance(word, ast.Constant))


def named_words(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """A module's string constants."""
    for node in tree.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(word))):
                yield name, word


def documented(heading: str) -> dict[str, str]:
    """The remedies under a heading of docs/imports.md, without Markdown."""
    text = (ROOT / "docs" / "imports.md").read_text()
    _, _, section = text.partition(f"\n## {heading}\n")
    rows = TABLE_ROW.finditer(section.partition("\n## ")[0])
    return {row["reason"]: row["remedy"].replace("`", "") for row in rows}


def test_the_documents_have_the_same_remedies_of_imports() -> None:
    """Each reason of an import's end, word for word and in the same order."""
    assert list(IMPORT_REMEDIES.items()) == list(documented("Why an import fails").items())


def test_the_documents_have_the_same_remedies_of_rows() -> None:
    """Each reason of a rejected row, and no other."""
    assert ROW_REMEDIES == documented("Rejected rows")
    assert set(get_args(RejectReason)) == set(ROW_REMEDIES)


def test_every_reason_in_the_code_has_a_remedy() -> None:
    """Wherever the code fails an import, its reason has a remedy for the campaign manager."""
    found = {reason for path in CODE for reason in reasons_of(ast.parse(path.read_text()))}

    assert {"bad_gzip", "not_utf8", "too_many_rows", "database_refused", "invalid_request"} <= found
    assert set() == (found | {*REASONS.values(), *REASONS_BY_STATUS.values()}) - set(IMPORT_REMEDIES)


@pytest.mark.parametrize("remedy", [*IMPORT_REMEDIES.values(), *ROW_REMEDIES.values()])
def test_a_remedy_is_one_sentence(remedy: str) -> None:
    """It fits after a reason, on one line of a terminal."""
    assert re.fullmatch(r"[A-Z][^!?\n]{10,110}\.", remedy)
    assert ". " not in remedy
