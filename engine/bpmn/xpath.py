"""Writes FEEL for the XPath of conditions: what the functions of the standard read is a variable of the case.

BPMN 2.0 names XPath as the usual language of expressions and gives it functions for data objects and properties.
"""

from __future__ import annotations

import re

from engine.bpmn.expressions import KEYWORDS
from engine.bpmn.translation import Untranslatable, checked, quoted

_READS = "getData(?:Object|Input|Output)|get(?:Process|Activity|Event)Property"
_TEXT = r"\"[^\"]*\"|'[^']*'"
_STANDARD = re.compile(rf"(?:[\w-]+:)?(?:{_READS})\s*\(")
_TOKEN = re.compile(
    rf"(?P<read>(?:[\w-]+:)?(?:{_READS})\s*\(\s*(?:(?:{_TEXT})\s*,\s*)*(?P<name>{_TEXT})\s*\))"
    rf"|(?P<text>{_TEXT})|(?P<truth>(?:true|false)\s*\(\s*\))|(?P<not>not\s*\()|(?P<call>(?:count|sum|string|number)\s*\()"
    r"|(?P<number>\d+(?:\.\d+)?)|(?P<word>\$?[^\W\d]\w*)|(?P<sign>!=|<=|>=|[-+*=<>,])|(?P<open>\()|(?P<close>\))"
    r"|(?P<step>/)|(?P<space>\s+)"
)
_WORDS = {"and": "and", "or": "or", "div": "/"}
_VALUES = frozenset({"read", "word", "close"})


def is_standard(text: str) -> bool:
    """This will tell whether `text` reads data in the way of the standard, as `getDataObject('file')`."""
    return bool(_STANDARD.search(text))


def translate(text: str) -> str:
    """This will return the FEEL (with its `=`) of an XPath expression. Raises Untranslatable."""
    written: list[str] = []
    closings: list[str] = []
    last, at = "", 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        kind = found.lastgroup if found is not None else None
        if found is None or kind is None:
            raise Untranslatable(problem=f"{text[at:]} is not known here")
        at = found.end()
        kind = "read" if found["read"] else kind
        if kind == "space":
            written.append(" ")
            continue
        written.append(_token(kind, found, last, closings))
        last = "sign" if kind == "word" and found["word"] in _WORDS else kind
    if closings:
        raise Untranslatable(problem="a bracket is not closed")
    return "=" + checked("".join(written).strip())


def _token(kind: str, found: re.Match[str], last: str, closings: list[str]) -> str:
    part = found[0]
    if kind == "open" and last == "word":
        raise Untranslatable(problem=f"a function is called that is not known here: {found.string}")
    if kind in ("not", "call", "open"):
        # XPath's not of nothing is true, FEEL's is null.
        closings.append(") != true)" if kind == "not" else ")")
        return {"not": "((", "open": "("}.get(kind, re.sub(r"\s", "", part))
    if kind == "close":
        if not closings:
            raise Untranslatable(problem="a bracket is not opened")
        return closings.pop()
    if kind == "step":
        if last not in _VALUES:
            raise Untranslatable(problem="a path begins with a variable")
        return "."
    if kind == "word":
        return _word(part.removeprefix("$"), last)
    if kind == "read":
        return _word(found["name"][1:-1], last)
    if kind == "text":
        return quoted(part[1:-1])
    return part.split("(")[0].strip() if kind == "truth" else part


def _word(word: str, last: str) -> str:
    if word in ("true", "false") and last in ("", "sign", "open", "not"):
        return word  # XPath calls a child element here, whoever writes it means the value
    if last in ("read", "word", "close", "text", "number"):
        if word in _WORDS:
            return _WORDS[word]
        raise Untranslatable(problem=f"{word} follows a value")
    if word in KEYWORDS or not re.fullmatch(r"[^\W\d]\w*", word):
        raise Untranslatable(problem=f"{word} is no name in FEEL")
    return word
