"""String functions (DMN 1.5, table 72)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from .environment import State
from .regex import compiled, expansions
from .registry import NoResult, builtin
from .values import NUMBERS
from .writing import text_of

_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,5})?")


@builtin("substring", "string: string, start position: number, length?: number")
def _substring(text: str, start: Decimal, length: Decimal | None = None) -> str | None:
    first = int(start)
    if first == 0 or abs(first) > len(text) or (length is not None and length < 1):
        return None
    begin = first - 1 if first > 0 else len(text) + first
    return text[begin:] if length is None else text[begin : begin + int(length)]


@builtin("string length", "string: string")
def _string_length(text: str) -> Decimal:
    return Decimal(len(text))


@builtin("upper case", "string: string")
def _upper_case(text: str) -> str:
    return text.upper()


@builtin("lower case", "string: string")
def _lower_case(text: str) -> str:
    return text.lower()


@builtin("trim", "string: string")
def _trim(text: str) -> str:
    return text.strip()


@builtin("is blank", "string: string")
def _is_blank(text: str) -> bool:
    return not text.strip()


@builtin("substring before", "string: string, match: string")
def _substring_before(text: str, match: str) -> str:
    before, found, _ = text.partition(match) if match else ("", "", "")
    return before if found else ""


@builtin("substring after", "string: string, match: string")
def _substring_after(text: str, match: str) -> str:
    return text.partition(match)[2] if match else text


@builtin("contains", "string: string, match: string")
def _contains(text: str, match: str) -> bool:
    return match in text


@builtin("starts with", "string: string, match: string")
def _starts_with(text: str, match: str) -> bool:
    return text.startswith(match)


@builtin("ends with", "string: string, match: string")
def _ends_with(text: str, match: str) -> bool:
    return text.endswith(match)


def _pattern(state: State, text: str, pattern: str, flags: str | None) -> Any:
    # taking one class from another tries all characters there are
    state.spend(len(text) // 100 + len(pattern) + 20_000 * pattern.count("-["))
    found = compiled(pattern, flags or "")
    if found is None:
        raise NoResult
    return found


@builtin("matches", "input: string, pattern: string, flags?: string", state=True)
def _matches(state: State, text: str, pattern: str, flags: str | None = None) -> bool:
    return _pattern(state, text, pattern, flags).search(text) is not None


@builtin("replace", "input: string, pattern: string, replacement: string, flags?: string", state=True)
def _replace(state: State, text: str, pattern: str, replacement: str, flags: str | None = None) -> str:
    found = _pattern(state, text, pattern, flags)
    pieces: list[str] = []
    size = 0
    for piece in expansions(found, text, replacement, "q" in (flags or "")):
        size += len(piece)
        state.tick()
        if size > state.limits.text_size:
            state.check_text(size)
        pieces.append(piece)
    return "".join(pieces)


@builtin("split", "string: string, delimiter: string", state=True)
def _split(state: State, text: str, delimiter: str) -> list[str]:
    pattern = _pattern(state, text, delimiter, None)
    parts: list[str] = []
    position = 0
    for match in pattern.finditer(text):
        if match.end() == match.start():
            continue
        parts.append(text[position : match.start()])
        position = match.end()
        state.tick()
        if len(parts) > state.limits.list_size:
            state.check_list(len(parts))
    parts.append(text[position:])
    return parts


@builtin("extract", "string: string, pattern: string", state=True)
def _extract(state: State, text: str, pattern: str) -> list[str]:
    found: list[str] = []
    for match in _pattern(state, text, pattern, None).finditer(text):
        found.append(match.group())
        state.tick()
        if len(found) > state.limits.list_size:
            state.check_list(len(found))
    return found


@builtin("string join", "list: list, delimiter?: string?", state=True)
def _string_join(state: State, items: list[Any], delimiter: str | None = None) -> str | None:
    texts: list[str] = []
    size = 0
    for item in items:
        state.tick()
        if item is None:
            continue
        if type(item) is not str:
            return None
        size += len(item) + len(delimiter or "")
        if size > state.limits.text_size:
            state.check_text(size)
        texts.append(item)
    return (delimiter or "").join(texts)


@builtin("string", "from: any", state=True, null=True)
def _string(state: State, value: Any) -> str | None:
    return None if value is None else text_of(value, state)


@builtin(
    "number",
    "from: string, grouping separator?: string?, decimal separator?: string?",
    "from: number",
)
def _number(text: str | Decimal, grouping: str | None = None, point: str | None = None) -> Decimal | None:
    if isinstance(text, Decimal):
        return text
    if grouping not in (None, " ", ",", ".") or point not in (None, ",", ".") or (point and point == grouping):
        return None
    plain = text.replace(grouping, "") if grouping else text
    if point == ",":
        if "." in plain:
            return None
        plain = plain.replace(",", ".")
    return read_number(plain)


def read_number(text: str) -> Decimal | None:
    """This will read a numeric literal, or return None; an exponent is allowed, infinity is not."""
    if len(text) > 1000 or not _NUMBER.fullmatch(text):
        return None
    return NUMBERS.create_decimal(text)
