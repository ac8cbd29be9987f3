"""The program's own modules as syntax trees, each read and parsed once for all tests that look at them."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import mailsorter

PACKAGE = Path(mailsorter.__file__).parent


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a module. It is shared: never change it."""
    return ast.parse(path.read_text("utf-8"))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Every node of the module's tree, in the order of `ast.walk`."""
    return tuple(ast.walk(tree(path)))
