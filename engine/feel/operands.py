"""What stands between operators: literals, names, brackets, lists, contexts, ranges."""

from __future__ import annotations

from decimal import Overflow

from .cursor import STOP_WORDS, Cursor
from .durations import parse_duration
from .lexer import unquote
from .nodes import ContextOf, Interval, InvalidLiteral, ListOf, Literal, Name, Node, Test
from .temporal import parse_date, parse_date_time, parse_time
from .values import NUMBERS

AFTER_RANGE_END = frozenset(
    (")", "]", "}", ",", "", "and", "or", "then", "else", "return", "satisfies", ".", "=", "!=", ":")
)
_CONSTANTS = {"true": True, "false": False, "null": None}
_COMPARATORS = frozenset(("<", "<=", ">", ">=", "=", "!="))


def operand(cursor: Cursor) -> Node:
    """This will parse one operand, without what follows it. Raises FeelSyntaxError."""
    token = cursor.token
    kind, text = token.kind, token.text
    if kind == "number":
        try:
            number = NUMBERS.create_decimal(text)
        except Overflow:
            raise cursor.unexpected("number") from None
        cursor.advance()
        return Literal(token.position, number)
    if kind == "string":
        cursor.advance()
        return Literal(token.position, unquote(text))
    if kind == "word":
        if text in _CONSTANTS and not cursor.known_name():
            cursor.advance()
            return Literal(token.position, _CONSTANTS[text])
        return Name(token.position, name(cursor))
    if text == "(":
        return _bracket(cursor)
    if text == "[" or text == "]":
        return _square(cursor)
    if text == "{":
        return _context(cursor)
    if text == "@":
        return _at_literal(cursor)
    raise cursor.unexpected("expression")


def name(cursor: Cursor) -> str:
    """This will read a variable's name: the longest declared one, else all words up to a keyword."""
    if cursor.token.kind != "word":
        raise cursor.unexpected("name")
    known = cursor.known_name()
    if known:
        cursor.jump(cursor.index + known[1])
        return known[0]
    if cursor.token.text in STOP_WORDS:
        raise cursor.unexpected("name")
    return _words(cursor)


def property_name(cursor: Cursor) -> str:
    """This will read the name behind a point; keywords are names there."""
    if cursor.token.kind != "word":
        raise cursor.unexpected("name")
    known = cursor.known_name()
    if known:
        cursor.jump(cursor.index + known[1])
        return known[0]
    return _words(cursor)


def _words(cursor: Cursor) -> str:
    first = cursor.advance().text
    token = cursor.token
    if token.kind not in ("word", "number"):
        return first
    words = [first]
    while token.kind in ("word", "number"):
        if token.text in STOP_WORDS and not _names_function(cursor):
            break
        if token.kind == "number" and not token.text.isdigit():
            break
        words.append(cursor.advance().text)
        token = cursor.token
    return " ".join(words)


def _names_function(cursor: Cursor) -> bool:
    # `workdays between(a, b)`: a comma directly inside the brackets cannot belong to `x between (a) and b`
    if cursor.token.text != "between" or cursor.peek().text != "(":
        return False
    depth = 0
    for index in range(cursor.index + 1, len(cursor.tokens)):
        token = cursor.tokens[index]
        if token.kind != "symbol":
            continue
        if token.text in "([{":
            depth += 1
        elif token.text in ")]}":
            depth -= 1
            if depth == 0:
                return False
        elif token.text == "," and depth == 1:
            return True
    return False


def _bracket(cursor: Cursor) -> Node:
    opening = cursor.advance()
    inside = cursor.in_range_end
    cursor.in_range_end = False
    if cursor.token.kind == "symbol" and cursor.token.text in _COMPARATORS:
        operator = cursor.advance().text
        value: Node = Test(opening.position, operator, cursor.parse(cursor, 3))
    else:
        value = cursor.parse(cursor, 0)
        if cursor.at(".."):
            return _interval(cursor, value, opening.position, False, inside)
    cursor.in_range_end = inside
    cursor.expect(")")
    return value


def _square(cursor: Cursor) -> Node:
    opening = cursor.advance()
    inside = cursor.in_range_end
    cursor.in_range_end = False
    if opening.text == "]":
        value = cursor.parse(cursor, 3)
        if not cursor.at(".."):
            raise cursor.unexpected("..")
        return _interval(cursor, value, opening.position, False, inside)
    items: list[Node] = []
    if not cursor.at("]"):
        items.append(_item(cursor))
        if cursor.at(".."):
            return _interval(cursor, items[0], opening.position, True, inside)
        while cursor.take(","):
            items.append(_item(cursor))
    cursor.in_range_end = inside
    cursor.expect("]")
    return ListOf(opening.position, items)


def _item(cursor: Cursor) -> Node:
    if cursor.token.kind == "symbol" and cursor.token.text in _COMPARATORS:
        token = cursor.advance()
        return Test(token.position, token.text, cursor.parse(cursor, 3))
    return cursor.parse(cursor, 0)


def _interval(cursor: Cursor, start: Node, position: int, start_included: bool, inside: bool) -> Node:
    cursor.expect("..")
    cursor.in_range_end = True
    end = cursor.parse(cursor, 3)
    cursor.in_range_end = inside
    token = cursor.token
    if token.kind != "symbol" or token.text not in (")", "]", "["):
        raise cursor.unexpected("range end")
    cursor.advance()
    return Interval(position, start, end, start_included, token.text == "]")


def _context(cursor: Cursor) -> Node:
    opening = cursor.advance()
    inside = cursor.in_range_end
    cursor.in_range_end = False
    entries: list[tuple[str, Node]] = []
    if not cursor.at("}"):
        entries.append(_entry(cursor))
        while cursor.take(","):
            entries.append(_entry(cursor))
    cursor.in_range_end = inside
    cursor.expect("}")
    return ContextOf(opening.position, entries)


def _entry(cursor: Cursor) -> tuple[str, Node]:
    key = unquote(cursor.advance().text) if cursor.token.kind == "string" else spelled_name(cursor, (":",))
    cursor.expect(":")
    value = cursor.parse(cursor, 0)
    cursor.declare(key)
    return key, value


def spelled_name(cursor: Cursor, ends: tuple[str, ...]) -> str:
    """This will read a new name as it is written, symbols included, up to one of `ends`."""
    start = cursor.token
    if start.kind != "word":
        raise cursor.unexpected("name")
    last = cursor.advance()
    while cursor.token.text not in ends:
        token = cursor.token
        joins = token.text in ("+", "-", "*", "/", ".", "**", "'") or token.text > "\u3000"
        if token.kind not in ("word", "number") and not joins:
            raise cursor.unexpected(ends[0])
        last = cursor.advance()
    return " ".join(cursor.text[start.position : last.end].split())


def _at_literal(cursor: Cursor) -> Node:
    position = cursor.advance().position
    if cursor.token.kind != "string":
        raise cursor.unexpected("date literal")
    text = unquote(cursor.advance().text)
    for read in (parse_date, parse_date_time, parse_time, parse_duration):
        value = read(text)
        if value is not None:
            return Literal(position, value)
    return InvalidLiteral(position, text)


def call_arguments(cursor: Cursor) -> tuple[list[Node], list[str] | None]:
    """This will parse what stands in the brackets of a call, and the closing bracket."""
    inside = cursor.in_range_end
    cursor.in_range_end = False
    arguments: list[Node] = []
    names: list[str] = []
    if not cursor.at(")"):
        named = _is_named(cursor)
        while True:
            if named:
                names.append(spelled_name(cursor, (":",)))
                cursor.expect(":")
            arguments.append(_item(cursor))
            if not cursor.take(","):
                break
    cursor.in_range_end = inside
    cursor.expect(")")
    return arguments, names or None


def _is_named(cursor: Cursor) -> bool:
    index = cursor.index
    if cursor.tokens[index].kind != "word":
        return False
    while cursor.tokens[index].kind in ("word", "number") or cursor.tokens[index].text in ("+", "-", "*", "/", "."):
        index += 1
    return cursor.tokens[index].text == ":"


__all__ = ["AFTER_RANGE_END", "call_arguments", "name", "operand", "property_name", "spelled_name"]
