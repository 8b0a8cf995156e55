"""Text to tokens (DMN 1.5, 10.3.1.2)."""

from __future__ import annotations

import re
from typing import NamedTuple

from .environment import MAX_SOURCE
from .errors import FeelSyntaxError, LimitExceeded

_START = (
    r"?A-Z_a-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02FF\u0370-\u037D\u037F-\u1FFF\u200C-\u200D\u2070-\u218F"
    r"\u2C00-\u2FEF\u3003-\uD7FF\uF900-\uFDCF\uFDF0-\uFEFE\uFF10-\uFF19\uFF21-\uFF3A\uFF41-\uFF5A\uFF66-\uFFFD\U00010000-\U000EFFFF"
)
_PART = _START + r"0-9\u00B7\u0300-\u036F\u203F-\u2040"
_SPACE = r"\s\u0085\u180E\u200B\uFEFF"

# The standard counts these among the characters of names. They are tokens of their own here, so that declared names
# may have them, and everybody else who types one instead of the ASCII symbol is told so.
FULL_WIDTH = r"\uFF01-\uFF0F\uFF1A-\uFF20\uFF3B-\uFF40\uFF5B-\uFF65\u3001\u3002"

_TOKEN = re.compile(
    rf"""
    (?P<space>[{_SPACE}]+ | //[^\n]* | /\*.*?\*/)
  | (?P<word>[{_START}][{_PART}]*)
  | (?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
  | (?P<string>"(?:[^"\\]|\\.)*")
  | (?P<symbol>[{FULL_WIDTH}'] | \*\*|\.\.|->|<=|>=|!=|[-=<>+*()\[\]{{}},:.@]|/(?!\*))
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{6})|(.))", re.DOTALL)
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}


class Token(NamedTuple):
    """A piece of the text: `kind` is word, number, string, symbol or end; `position` counts characters from 0."""

    kind: str
    text: str
    position: int
    end: int


def tokenize(text: str) -> list[Token]:
    """This will split `text`; the last token is the end. Raises FeelSyntaxError, LimitExceeded."""
    if len(text) > MAX_SOURCE:
        raise LimitExceeded("source size", MAX_SOURCE)
    tokens: list[Token] = []
    position, length = 0, len(text)
    match_at = _TOKEN.match
    while position < length:
        match = match_at(text, position)
        if match is None:
            raise _unreadable(text, position)
        end = match.end()
        kind = match.lastgroup or ""
        if kind != "space":
            tokens.append(Token(kind, match.group(), position, end))
        position = end
    tokens.append(Token("end", "", length, length))
    return tokens


def unquote(text: str) -> str:
    """This will return the characters that a string literal stands for."""
    inner = text[1:-1]
    if "\\" not in inner:
        return inner
    plain = _ESCAPE.sub(_unescape, inner)
    if any("\ud800" <= character <= "\udfff" for character in plain):
        # two \u escapes may write one character as a UTF-16 pair
        plain = plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return plain


def _unescape(match: re.Match[str]) -> str:
    short, long, plain = match.groups()
    if short or long:
        code = int(short or long, 16)
        return chr(code) if code <= 0x10FFFF else "\ufffd"
    return _PLAIN.get(plain, "\\" + plain)


def _unreadable(text: str, position: int) -> FeelSyntaxError:
    if text[position] == '"':
        return FeelSyntaxError(text=text, position=len(text), found=None, expected="string end")
    if text.startswith("/*", position):
        return FeelSyntaxError(text=text, position=len(text), found=None, expected="comment end")
    expected = "half-width" if text[position] in "“”‘’" else "character"
    return FeelSyntaxError(text=text, position=position, found=text[position], expected=expected)
