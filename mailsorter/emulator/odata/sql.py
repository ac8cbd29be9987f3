"""Filters and sort orders as SQL over the store's tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.odata.filter import Call, Compare, Lambda, Literal, Logic, Node, Path, parse_filter, paths
from mailsorter.emulator.odata.mapi import property_sql
from mailsorter.emulator.odata.properties import REFUSED_COLLECTIONS, Property
from mailsorter.emulator.store.ids import IdCodec

_OPERATORS = {"eq": "=", "ne": "!=", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_TEXT_FUNCTIONS = {"contains": "has_text", "startswith": "starts_with", "endswith": "ends_with"}


class Condition(NamedTuple):
    """A WHERE clause with its parameters."""

    sql: str
    parameters: tuple[Any, ...]


def invalid_nodes() -> ExchangeError:
    """What Exchange answers to a filter it can parse and not run."""
    return ExchangeError("ErrorInvalidUrlQueryFilter", "The query filter contains one or more invalid nodes.")


def too_complex() -> ExchangeError:
    """What Exchange answers when filter and sort order do not fit."""
    return ExchangeError("InefficientFilter", "The restriction or sort order is too complex for this operation.")


def parse_time(text: str) -> int:
    """Seconds since the epoch of an OData date or date and time."""
    try:
        moment = datetime.fromisoformat(text)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise ExchangeError("BadRequest", f"Invalid filter clause: the date '{text}' cannot be read.") from None


class FilterSql:
    """Translates filters on one kind of object of one mailbox."""

    def __init__(self, properties: Mapping[str, Property], ids: IdCodec, *, mapi: bool) -> None:
        self._properties = properties
        self._by_lower = {name.lower(): found for name, found in properties.items()}
        self._ids = ids
        self._mapi = mapi

    def condition(self, text: str, orderby: tuple[tuple[str, bool], ...] = ()) -> Condition:
        """The WHERE clause of a `$filter`.

        Raises:
            ExchangeError: no expression, an unknown property, a node Exchange refuses, or `$orderby` properties
                that do not come first in the filter in the same order.
        """
        tree = parse_filter(text)
        if orderby:
            named = [name.lower() for name in _distinct(paths(tree))]
            if named[: len(orderby)] != [name.lower() for name, _ in orderby]:
                raise too_complex()
        return self._node(tree)

    def order(self, orderby: tuple[tuple[str, bool], ...]) -> str:
        """The ORDER BY terms of a `$orderby`."""
        terms = []
        for name, descending in orderby:
            found = self._by_lower.get(name.lower())
            if found is None or not found.sortable:
                raise ExchangeError("ErrorInvalidUrlQuery", f"The property '{name}' cannot be sorted by.")
            collation = " COLLATE NOCASE" if found.kind == "text" else ""
            terms.append(f"{found.sql}{collation}{' DESC' if descending else ''}")
        return ", ".join(terms)

    def _node(self, node: Node) -> Condition:
        match node:
            case Logic("not", (operand,)):
                inner = self._node(operand)
                return Condition(f"(NOT coalesce({inner.sql}, 0))", inner.parameters)
            case Logic(operator, (left, right)):
                first, second = self._node(left), self._node(right)
                return Condition(f"({first.sql} {operator.upper()} {second.sql})", first.parameters + second.parameters)
            case Compare(operator, left, right):
                return self._compare(operator, left, right)
            case Call(name, (Path() as path, Literal(value))) if name in _TEXT_FUNCTIONS and isinstance(value, str):
                found = self._property(path.name)
                if found.kind not in ("text", "exact"):
                    raise invalid_nodes()
                return Condition(f"{_TEXT_FUNCTIONS[name]}({found.sql}, ?)", (value,))
            case Path(name) if self._property(name).kind == "flag":
                return Condition(f"({self._property(name).sql} = 1)", ())
            case Literal(bool() as value):
                return Condition(str(int(value)), ())
            case Lambda():
                return self._lambda(node)
            case _:
                raise invalid_nodes()

    def _property(self, name: str) -> Property:
        found = self._by_lower.get(name.lower())
        if found is None:
            if name.partition("/")[0] in REFUSED_COLLECTIONS:
                raise invalid_nodes()
            raise ExchangeError(
                "BadRequest", f"Could not find a property named '{name}' on type 'microsoft.graph.message'."
            )
        return found

    def _compare(self, operator: str, left: Node, right: Node) -> Condition:
        match left, right:
            case Path(name), Literal() as literal:
                found = self._property(name)
                return self._comparison(found, operator, literal)
            case Literal() as literal, Path(name):
                flipped = {"gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}.get(operator, operator)
                return self._comparison(self._property(name), flipped, literal)
            case Call("tolower" | "toupper", (Path(name),)), Literal() as literal:
                return self._comparison(self._property(name), operator, literal)
            case _, Literal(bool() as value) if operator in ("eq", "ne"):
                inner = self._node(left)
                return (
                    inner
                    if value == (operator == "eq")
                    else Condition(f"(NOT coalesce({inner.sql}, 0))", inner.parameters)
                )
            case _:
                raise invalid_nodes()

    def _comparison(self, found: Property, operator: str, literal: Literal) -> Condition:
        sign = _OPERATORS[operator]
        if literal.value is None:
            return Condition(f"({found.sql} IS {'NOT ' if operator == 'ne' else ''}NULL)", ())
        value = self._value(found, literal)
        if found.kind in ("conversation", "folder") and operator not in ("eq", "ne"):
            raise invalid_nodes()
        if found.kind == "text":
            return Condition(f"(fold({found.sql}) {sign} fold(?))", (value,))
        return Condition(f"({found.sql} {sign} ?)", (value,))

    def _value(self, found: Property, literal: Literal) -> Any:
        value = literal.value
        match found.kind:
            case "time" if isinstance(value, str):
                return parse_time(value)
            case "flag" if isinstance(value, bool):
                return int(value)
            case "number" if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**63:
                return value
            case "text" | "exact" if isinstance(value, str) and not literal.is_date:
                return value
            case "conversation" if isinstance(value, str):
                return self._ids.read_conversation_id(value)
            case "folder" if isinstance(value, str):
                return self._ids.read_folder_id(value)
        raise ExchangeError("BadRequest", "A binary operator with incompatible types was detected in the filter.")

    def _lambda(self, node: Lambda) -> Condition:
        if node.collection == "categories" and self._mapi:
            return self._categories(node)
        if node.collection == "singleValueExtendedProperties" and node.quantifier == "any" and self._mapi:
            return self._extended(node)
        raise invalid_nodes()

    def _categories(self, node: Lambda) -> Condition:
        if node.variable == "":
            return Condition("(message.categories != '[]')", ())
        match node.body:
            case Compare("eq", Path(name), Literal(str() as value)) if name == node.variable:
                test = "fold(value) = fold(?)"
            case Call("startswith", (Path(name), Literal(str() as value))) if name == node.variable:
                test = "starts_with(value, ?)"
            case _:
                raise invalid_nodes()
        exists = f"EXISTS (SELECT 1 FROM json_each(message.categories) WHERE {test})"
        return Condition(
            exists
            if node.quantifier == "any"
            else f"NOT EXISTS (SELECT 1 FROM json_each(message.categories) WHERE NOT ({test}))",
            (value,),
        )

    def _extended(self, node: Lambda) -> Condition:
        """`any(ep: ep/id eq 'String 0x5D01' and ep/value eq 'x')`, with `contains`, `startswith` and `cast` too."""
        match node.body:
            case Logic("and", (Compare("eq", Path(first), Literal(str() as property_id)), test)) if (
                first == f"{node.variable}/id"
            ):
                pass
            case _:
                raise invalid_nodes()
        sql = property_sql(property_id)
        value_path = f"{node.variable}/value"
        match test:
            case Compare(operator, Path(name), Literal(str() as value)) if name == value_path and operator in (
                "eq",
                "ne",
            ):
                return Condition(f"(fold({sql.sql}) {_OPERATORS[operator]} fold(?))", (*sql.parameters, value))
            case Call(function, (Path(name), Literal(str() as value))) if (
                name == value_path and function in _TEXT_FUNCTIONS
            ):
                return Condition(f"{_TEXT_FUNCTIONS[function]}({sql.sql}, ?)", (*sql.parameters, value))
            case Compare(operator, Call("cast", (Path(name), Path(_))), Literal() as literal) if name == value_path:
                wanted = parse_time(str(literal.value)) if literal.is_date else _cast_value(literal.value)
                return Condition(f"(CAST({sql.sql} AS NUMERIC) {_OPERATORS[operator]} ?)", (*sql.parameters, wanted))
            case Compare("ne", Path(name), Literal(None)) if name == value_path:
                return Condition(f"({sql.sql} IS NOT NULL)", sql.parameters)
            case _:
                raise invalid_nodes()


def _distinct(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _cast_value(value: str | int | float | bool | None) -> float | int | str:
    """A constant to compare a cast extended property with."""
    if value is None or (isinstance(value, int | float) and abs(value) >= 2**63):
        raise invalid_nodes()
    return value
