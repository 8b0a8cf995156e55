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
        source = _translate(_collapsed(pattern) if "x" in flags else pattern, "s" in flags)
        return re2.compile(("(?m)" if "m" in flags else "") + source, options)
    except (re2.error, ValueError):
        return None


def _translate(pattern: str, dot_all: bool) -> str:
    """Write an XPath pattern for RE2: its own classes, blocks, and classes less others."""
    out: list[str] = []
    index = 0
    while index < len(pattern):
        character = pattern[index]
        index += 1
        if character == "\\" and index < len(pattern):
            text, index = _escape(pattern, index, False)
            out.append(text)
        elif character == "[":
            text, index = _class(pattern, index)
            out.append(text)
        elif character == "(" and pattern.startswith("?", index) and pattern[index : index + 2] != "?:":
            raise ValueError("XPath has no such group")
        elif character == "." and not dot_all:
            out.append(r"[^\n\r]")
        else:
            out.append(character)
    return "".join(out)


def _class(pattern: str, index: int) -> tuple[str, int]:
    """Write a class from behind its `[`; `[a-z-[aeiou]]` is worked out to the characters that are left."""
    out = ["["]
    while index < len(pattern):
        character = pattern[index]
        index += 1
        if character == "\\" and index < len(pattern):
            text, index = _escape(pattern, index, True)
            out.append(text)
        elif character == "]":
            return "".join([*out, "]"]), index
        elif character == "[":
            if out[-1] != "-":
                raise ValueError("a class inside a class")
            taken, index = _class(pattern, index)
            if not pattern.startswith("]", index):
                raise ValueError("subtraction ends a class")
            return _difference("".join([*out[:-1], "]"]), taken), index + 1
        else:
            out.append(character)
    raise ValueError("a class without end")


@functools.cache
def _all_characters() -> str:
    return "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))


def _difference(whole: str, taken: str) -> str:
    """The characters of one class that are not in another, found by trying all there are."""
    options = re2.Options()
    options.log_errors = False
    found = "".join(match.group() for match in re2.compile(whole + "+", options).finditer(_all_characters()))
    rest = re2.compile(taken, options).sub("", found)
    if not rest:
        return r"[^\x{0}-\x{10FFFF}]"
    spans: list[list[int]] = []
    for code in map(ord, rest):
        if spans and spans[-1][1] == code - 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    return "[" + "".join(f"\\x{{{first:X}}}-\\x{{{last:X}}}" for first, last in spans) + "]"


def _collapsed(pattern: str) -> str:
    """Flag x: white space means nothing outside classes, not even inside an escape."""
    out: list[str] = []
    in_class = 0
    for index, character in enumerate(pattern):
        escaped = index > 0 and pattern[index - 1] == "\\"
        in_class += (character == "[" and not escaped) - (character == "]" and not escaped and in_class > 0)
        if in_class or not character.isspace():
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
    if letter in "AzZbBQECaG0" or (in_class and letter.isdigit()):
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
