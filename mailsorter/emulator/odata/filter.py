"""`$filter` expressions as trees: what OData 4 allows and mail clients write."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Union

from mailsorter.emulator.errors import ExchangeError


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: text, number, truth value, null, or a date kept as text with `is_date`."""

    value: str | int | float | bool | None
    is_date: bool = False


@dataclass(frozen=True, slots=True)
class Path:
    """A property path, `from/emailAddress/address`."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function: `contains(subject,'x')`, `cast(ep/value, Edm.Int32)`."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """Two values and `eq`, `ne`, `gt`, `ge`, `lt`, `le`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Logic:
    """`and`, `or` of two, `not` of one."""

    operator: str
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Lambda:
    """`any` or `all` over a collection."""

    collection: str
    quantifier: str
    variable: str
    body: Node


Node = Union[Literal, Path, Call, Compare, Logic, Lambda]  # noqa: UP007  # the classes above refer to it by name

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^']|'')*')
    | (?P<date>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?)
    | (?P<number>-?\d+(?:\.\d+)?)
    | (?P<word>[@A-Za-z_][\w.]*(?:/[A-Za-z_@][\w.]*)*)
    | (?P<mark>[(),:])
    )""",
    re.VERBOSE,
)
_COMPARISONS = frozenset({"eq", "ne", "gt", "ge", "lt", "le"})
_MAX_DEPTH = 50


def _syntax(text: str, position: int) -> ExchangeError:
    return ExchangeError("BadRequest", f"Invalid filter clause: Syntax error at position {position} in '{text}'.")


def _tokens(text: str) -> list[tuple[str, str, int]]:
    tokens, position = [], 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise _syntax(text, position)
        kind = match.lastgroup or ""
        tokens.append((kind, match[kind], match.start(kind)))
        position = match.end()
    return [*tokens, ("end", "", len(text))]


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.at = 0
        self.depth = 0

    def peek(self, *values: str) -> bool:
        kind, value, _ = self.tokens[self.at]
        return kind in ("word", "mark") and value in values

    def take(self) -> tuple[str, str, int]:
        token = self.tokens[self.at]
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def expect(self, value: str) -> None:
        kind, found, position = self.take()
        if kind == "text" or found != value:
            raise _syntax(self.text, position)

    def whole(self) -> Node:
        node = self.disjunction()
        kind, _, position = self.tokens[self.at]
        if kind != "end":
            raise _syntax(self.text, position)
        return node

    def disjunction(self) -> Node:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise ExchangeError("InefficientFilter", "The restriction or sort order is too complex for this operation.")
        node = self.conjunction()
        while self.peek("or"):
            self.take()
            node = Logic("or", (node, self.conjunction()))
        self.depth -= 1
        return node

    def conjunction(self) -> Node:
        node = self.negation()
        while self.peek("and"):
            self.take()
            node = Logic("and", (node, self.negation()))
        return node

    def negation(self) -> Node:
        negations = 0
        while self.peek("not"):
            self.take()
            negations += 1
        node = self.comparison()
        return Logic("not", (node,)) if negations % 2 else node

    def comparison(self) -> Node:
        if self.peek("("):
            self.take()
            left = self.disjunction()
            self.expect(")")
        else:
            left = self.operand()
        if self.tokens[self.at][1] in _COMPARISONS and self.tokens[self.at][0] == "word":
            operator = self.take()[1]
            return Compare(operator, left, self.operand())
        return left

    def operand(self) -> Node:
        kind, value, position = self.take()
        if kind == "text":
            return Literal(value[1:-1].replace("''", "'"))
        if kind == "date":
            return Literal(value, is_date=True)
        if kind == "number":
            return Literal(float(value) if "." in value else int(value))
        if kind != "word":
            raise _syntax(self.text, position)
        if value in ("true", "false", "null"):
            return Literal({"true": True, "false": False, "null": None}[value])
        if self.peek("("):
            return self.call(value)
        return Path(value)

    def call(self, name: str) -> Node:
        self.expect("(")
        collection, _, last = name.rpartition("/")
        if last in ("any", "all") and collection:
            return self.quantified(collection, last)
        arguments: list[Node] = []
        while not self.peek(")"):
            arguments.append(self.disjunction())
            if not self.peek(","):
                break
            self.take()
        self.expect(")")
        return Call(name, tuple(arguments))

    def quantified(self, collection: str, quantifier: str) -> Node:
        if self.peek(")"):
            self.take()
            return Lambda(collection, quantifier, "", Literal(True))
        kind, variable, position = self.take()
        if kind != "word":
            raise _syntax(self.text, position)
        self.expect(":")
        body = self.disjunction()
        self.expect(")")
        return Lambda(collection, quantifier, variable, body)


def parse_filter(text: str) -> Node:
    """The tree of a `$filter` expression.

    Raises:
        ExchangeError: BadRequest when it is no OData expression.
    """
    return _Parser(text).whole()


def paths(node: Node) -> list[str]:
    """Property paths in the order in which they stand in the expression: what `$orderby` is checked against."""
    match node:
        case Path(name):
            return [name]
        case Call(_, arguments):
            return [name for argument in arguments for name in paths(argument)]
        case Compare(_, left, right):
            return paths(left) + paths(right)
        case Logic(_, operands):
            return [name for operand in operands for name in paths(operand)]
        case Lambda(collection, _, _, _):
            return [collection]
        case _:
            return []
