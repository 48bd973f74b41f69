"""In which order a file's function calls others, functions of the same file included.

In:   a source file, a function or method in it.
Out:  names, in the order of their calls; what is handed to another function counts as called there.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions_of(tree: ast.Module) -> dict[str, Function]:
    """All functions and methods, nested ones too, by their names."""
    return {node.name: node for node in ast.walk(tree) if isinstance(node, Function)}


def calls(path: Path, start: str) -> list[str]:
    """What `start` calls, and what these functions call in their turn, as far as they are in the same file."""
    functions = functions_of(ast.parse(path.read_text()))
    return list(_calls_in(functions[start], functions, (start,)))


def _calls_in(node: ast.AST, functions: dict[str, Function], inside: tuple[str, ...]) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            continue  # what a nested function does is done where it is named
        name = _name_of(child)
        if name is not None:
            yield name
        if name in functions and name not in inside:
            yield from _calls_in(functions[name], functions, (*inside, name))
        yield from _calls_in(child, functions, inside)


def _name_of(node: ast.AST) -> str | None:
    """The name that a use of a function has; `self.serve` and `serve` are alike here."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None
