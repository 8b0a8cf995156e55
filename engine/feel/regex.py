"""Regular expressions of XPath (DMN 1.5, 10.3.4.3) on RE2, which takes time in proportion to the text."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

import re2

MAX_PATTERN = 2000
_FLAGS = frozenset("smixq")
_NAME_START = r"_:A-Za-z\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{2FF}\x{370}-\x{37D}\x{37F}-\x{1FFF}\x{3001}-\x{D7FF}"
_NAME_PART = _NAME_START + r"\-.0-9\x{B7}"
_CLASSES = {"i": f"[{_NAME_START}]", "I": f"[^{_NAME_START}]", "c": f"[{_NAME_PART}]", "C": f"[^{_NAME_PART}]"}
_UNICODE = {"d": r"\p{Nd}", "D": r"\P{Nd}", "w": r"[^\pP\pZ\pC]", "W": r"[\pP\pZ\pC]"}
_IN_CLASS = {"d": r"\p{Nd}", "D": r"\P{Nd}", "w": r"\pL\pM\pN\pS", "W": r"\pP\pZ\pC", "i": _NAME_START, "c": _NAME_PART}
_BLOCKS = {
    "BasicLatin": r"\x{0}-\x{7F}",
    "Latin-1Supplement": r"\x{80}-\x{FF}",
    "Greek": r"\x{370}-\x{3FF}",
    "Cyrillic": r"\x{400}-\x{4FF}",
    "CJKUnifiedIdeographs": r"\x{4E00}-\x{9FFF}",
    "CJKSymbolsandPunctuation": r"\x{3000}-\x{303F}",
    "Hiragana": r"\x{3040}-\x{309F}",
    "Katakana": r"\x{30A0}-\x{30FF}",
}


@functools.lru_cache(maxsize=512)
def compiled(pattern: str, flags: str) -> Any:
    """This will return a compiled expression, or None if the pattern or a flag is not valid."""
    if len(pattern) > MAX_PATTERN or not _FLAGS.issuperset(flags):
        return None
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = "s" in flags
    options.case_sensitive = "i" not in flags
    options.max_mem = 4 << 20
    try:
        if "q" in flags:
            return re2.compile(re2.escape(pattern), options)
        source = _translate(pattern, "x" in flags)
        return re2.compile(("(?m)" if "m" in flags else "") + source, options)
    except (re2.error, ValueError):
        return None


def _translate(pattern: str, free: bool) -> str:
    """Write an XPath pattern for RE2: its own classes, blocks, and with flag x no white space."""
    out: list[str] = []
    index, in_class = 0, 0
    while index < len(pattern):
        character = pattern[index]
        index += 1
        if character == "\\" and index < len(pattern):
            text, index = _escape(pattern, index, bool(in_class))
            out.append(text)
            continue
        if free and not in_class and character.isspace():
            continue
        if character == "[":
            if in_class and out and out[-1] == "-":
                raise ValueError("class subtraction")
            in_class += 1
        elif character == "]" and in_class:
            in_class -= 1
        elif (
            character == "(" and pattern.startswith("?", index) and not in_class and pattern[index : index + 2] != "?:"
        ):
            raise ValueError("XPath has no such group")
        out.append(character)
    return "".join(out)


def _escape(pattern: str, index: int, in_class: bool) -> tuple[str, int]:
    letter = pattern[index]
    block = re.compile(r"([pP])\{Is([A-Za-z0-9-]+)\}").match(pattern, index)
    if block:
        inside = _BLOCKS.get(block[2])
        if inside is None or (in_class and block[1] == "P"):
            raise ValueError(block[2])
        return (inside if in_class else f"[{'^' if block[1] == 'P' else ''}{inside}]"), block.end()
    if letter in "AzZbBQECaG":
        raise ValueError(letter)
    if in_class:
        return _IN_CLASS.get(letter, "\\" + letter), index + 1
    return (_CLASSES.get(letter) or _UNICODE.get(letter) or "\\" + letter), index + 1


_REFERENCE = re.compile(r"\\(.)|\$(\d)", re.DOTALL)


def expansions(pattern: Any, text: str, replacement: str, literal: bool) -> Iterator[str]:
    """This will yield the pieces of `text` with each match replaced; `$1` stands for the first group.

    Raises ValueError for a replacement that XPath does not allow.
    """
    pieces = [(replacement, -1)] if literal else list(_pieces(replacement))
    position = 0
    for match in pattern.finditer(text):
        yield text[position : match.start()]
        for plain, group in pieces:
            if group < 0:
                yield plain
            elif group <= match.re.groups:
                yield match.group(group) or ""
        position = match.end()
    yield text[position:]


def _pieces(replacement: str) -> Iterator[tuple[str, int]]:
    position = 0
    for match in _REFERENCE.finditer(replacement):
        yield replacement[position : match.start()], -1
        if match[2] is not None:
            yield "", int(match[2])
        elif match[1] in "\\$":
            yield match[1], -1
        else:
            raise ValueError("replacement")
        position = match.end()
    rest = replacement[position:]
    if "$" in rest or rest.endswith("\\"):
        raise ValueError("replacement")
    yield rest, -1
