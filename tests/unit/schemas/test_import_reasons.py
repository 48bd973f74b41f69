"""Every reason has a remedy, and the documents say the same as the code."""

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
"""Calls in which every word without a name, or with the name `reason`, is one."""
TABLE_ROW = re.compile(r"\| `(?P<reason>\w+)` \| [^|]+ \| (?P<remedy>[^|]+) \|")


def reasons_of(tree: ast.Module) -> Iterator[str]:
    """The words that a module gives as reasons, as literals or by the name of a constant."""
    constants = dict(named_words(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in GIVE_A_REASON:
            given = [*node.args, *(one.value for one in node.keywords if one.arg == "reason")]
            words = [word for argument in given for word in ast.walk(argument)]
            yield from (constants[word.id] for word in words if isinstance(word, ast.Name) and word.id in constants)
            yield from (str(word.value) for word in words if isinstance(word, ast.Constant))


def named_words(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """A module's constants that are words."""
    for node in tree.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(word))):
                yield name, word


def documented(heading: str) -> dict[str, str]:
    """The remedies under a heading of docs/imports.md, without marks."""
    text = (ROOT / "docs" / "imports.md").read_text()
    _, _, section = text.partition(f"\n## {heading}\n")
    rows = TABLE_ROW.finditer(section.partition("\n## ")[0])
    return {row["reason"]: row["remedy"].replace("`", "") for row in rows}


def test_the_documents_say_the_same_of_imports() -> None:
    """Each reason of an end, word by word and in the same order."""
    assert list(IMPORT_REMEDIES.items()) == list(documented("Why an import fails").items())


def test_the_documents_say_the_same_of_rows() -> None:
    """Each reason of a rejected row, and no other."""
    assert ROW_REMEDIES == documented("Rejected rows")
    assert set(get_args(RejectReason)) == set(ROW_REMEDIES)


def test_every_reason_in_the_code_has_a_remedy() -> None:
    """Wherever the code fails an import, the word it gives is one that a manager is told what to do about."""
    found = {reason for path in CODE for reason in reasons_of(ast.parse(path.read_text()))}

    assert {"bad_gzip", "not_utf8", "too_many_rows", "database_refused", "invalid_request"} <= found
    assert set() == (found | {*REASONS.values(), *REASONS_BY_STATUS.values()}) - set(IMPORT_REMEDIES)


@pytest.mark.parametrize("remedy", [*IMPORT_REMEDIES.values(), *ROW_REMEDIES.values()])
def test_a_remedy_is_one_sentence(remedy: str) -> None:
    """It stands alone behind a reason, in a line of a terminal."""
    assert re.fullmatch(r"[A-Z][^!?\n]{10,110}\.", remedy)
    assert ". " not in remedy
