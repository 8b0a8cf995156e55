"""The expressions that begin with a word: if, for, some, every, function."""

from __future__ import annotations

from collections.abc import Callable

from .cursor import Cursor
from .nodes import Conditional, For, Function, Iterator, Literal, Node, Quantified
from .operands import spelled_name
from .signatures import type_of
from .types import FeelType


def _conditional(cursor: Cursor) -> Node | None:
    position = cursor.advance().position
    condition = cursor.parse(cursor, 0)
    cursor.expect("then")
    yes = cursor.parse(cursor, 0)
    cursor.expect("else")
    return Conditional(position, condition, yes, cursor.parse(cursor, 0))


def _for(cursor: Cursor) -> Node | None:
    position = cursor.advance().position
    iterators = _iterators(cursor)
    cursor.expect("return")
    cursor.declare("partial")
    return For(position, iterators, cursor.parse(cursor, 0))


def _quantified(cursor: Cursor) -> Node | None:
    token = cursor.advance()
    iterators = _iterators(cursor)
    cursor.expect("satisfies")
    return Quantified(token.position, token.text, iterators, cursor.parse(cursor, 0))


def _iterators(cursor: Cursor) -> list[Iterator]:
    iterators: list[Iterator] = []
    while True:
        name = spelled_name(cursor, ("in",))
        cursor.expect("in")
        source = cursor.parse(cursor, 0)
        end = cursor.parse(cursor, 0) if cursor.take("..") else None
        cursor.declare(name)
        iterators.append(Iterator(name, source, end))
        if not cursor.take(","):
            return iterators


def _function(cursor: Cursor) -> Node | None:
    if cursor.peek().text != "(":
        return None
    position = cursor.advance().position
    cursor.expect("(")
    parameters: list[tuple[str, FeelType | None]] = []
    while not cursor.at(")"):
        name = spelled_name(cursor, (":", ",", ")"))
        cursor.declare(name)
        parameters.append((name, type_of(cursor) if cursor.take(":") else None))
        if not cursor.take(","):
            break
    cursor.expect(")")
    if cursor.take(":"):
        type_of(cursor)
    if cursor.take("external"):
        cursor.parse(cursor, 0)
        return Function(position, parameters, Literal(position, None), True)
    return Function(position, parameters, cursor.parse(cursor, 0), False)


CLAUSES: dict[str, Callable[[Cursor], Node | None]] = {
    "if": _conditional,
    "for": _for,
    "some": _quantified,
    "every": _quantified,
    "function": _function,
}
