"""Types as they are written: number, list<string>, context<a: number>, range<date>, function<number> -> string."""

from __future__ import annotations

from .cursor import Cursor
from .types import SIMPLE, FeelType

_GENERIC = {"list", "range"}


def type_of(cursor: Cursor) -> FeelType:
    """This will parse a type. Raises FeelSyntaxError."""
    cursor.deepen()
    found = _type(cursor)
    cursor.nesting -= 1
    return found


def _type(cursor: Cursor) -> FeelType:
    name = _name(cursor)
    if name in _GENERIC and cursor.take("<"):
        item = type_of(cursor)
        _close(cursor)
        return FeelType(name, item=item)
    if name == "context" and cursor.take("<"):
        return FeelType(name, fields=_fields(cursor))
    if name == "function" and cursor.take("<"):
        parameters: list[FeelType] = []
        while not cursor.at(">"):
            parameters.append(type_of(cursor))
            if not cursor.take(","):
                break
        _close(cursor)
        cursor.expect("->")
        return FeelType(name, parameters=parameters, result=type_of(cursor))
    return cursor.vocabulary.types.get(name) or FeelType(name)


def _fields(cursor: Cursor) -> dict[str, FeelType]:
    fields: dict[str, FeelType] = {}
    while not cursor.at(">"):
        words = []
        while cursor.token.kind in ("word", "number"):
            words.append(cursor.advance().text)
        if not words:
            raise cursor.unexpected("name")
        cursor.expect(":")
        fields[" ".join(words)] = type_of(cursor)
        if not cursor.take(","):
            break
    _close(cursor)
    return fields


def _close(cursor: Cursor) -> None:
    # `list<list<number>>=...` reads as `>` `>=`: FEEL has no `>>`, but `>=` may swallow the bracket
    cursor.expect(">")


def _name(cursor: Cursor) -> str:
    if cursor.token.kind != "word":
        raise cursor.unexpected("type")
    declared = _declared(cursor)
    if declared:
        return declared
    words = [cursor.token.text]
    best, size = words[0], 1
    for ahead in range(1, 5):
        token = cursor.peek(ahead)
        if token.kind != "word":
            break
        words.append(token.text)
        if " ".join(words) in SIMPLE or " ".join(words) in cursor.vocabulary.types:
            best, size = " ".join(words), ahead + 1
    cursor.jump(cursor.index + size)
    while cursor.at(".") and cursor.peek().kind == "word":
        cursor.advance()
        best = f"{best}.{cursor.advance().text}"
    return best


def _declared(cursor: Cursor) -> str | None:
    """A declared type may have symbols in its name: take the longest that stands here."""
    start = cursor.token.position
    here = cursor.text[start : start + 200]
    names = [name for name in cursor.vocabulary.types if here.startswith(name) and name not in SIMPLE]
    if not names:
        return None
    name = max(names, key=len)
    end = start + len(name)
    index = cursor.index
    while index < len(cursor.tokens) - 1 and cursor.tokens[index].position < end:
        index += 1
    if cursor.tokens[index - 1].end != end:
        return None
    cursor.jump(index)
    return name
