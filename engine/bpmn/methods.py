"""The methods and functions that expressions of the old engines call, with the FEEL that says the same."""

from __future__ import annotations

import re
from collections.abc import Callable

VARIABLES = frozenset({"var", "vars", "variables"})
# The prefix of a function that is FEEL's own already.
FEEL = "feel"
COMPARISONS = {
    **dict.fromkeys(("equals", "eq"), "=="),
    **dict.fromkeys(("notEquals", "ne"), "!="),
    **dict.fromkeys(("lowerThan", "lessThan", "lt"), "<"),
    **dict.fromkeys(("lowerThanOrEquals", "lessThanOrEquals", "lte", "le"), "<="),
    **dict.fromkeys(("greaterThan", "gt"), ">"),
    **dict.fromkeys(("greaterThanOrEquals", "gte", "ge"), ">="),
}
_ATOM = re.compile(r"-?[\w.]+|\"(?:[^\"\\]|\\.)*\"")
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"")


def operand(text: str) -> str:
    """This will put FEEL into parentheses unless it holds together without them, as `a.b`, `f(x)` and `a[1]` do."""
    return text if _ATOM.fullmatch(text) or _is_closed(text) else f"({text})"


def _is_closed(text: str) -> bool:
    """Whether only names, and what stands in brackets behind them, are there: spaces are parts of a function's name."""
    plain = _QUOTED.sub('""', text)
    opened = plain.find("(") if "(" in plain else plain.find("[")
    if opened < 0 or not re.fullmatch(r"[\w. ]*", plain[:opened]) or plain.startswith(("if ", "for ", "some ", "not ")):
        return False
    depth, outside = 0, []
    for character in plain[opened:]:
        depth -= character in ")]"
        if depth == 0 and character not in ")]([":
            outside.append(character)
        depth += character in "(["
    return re.fullmatch(r"[\w.]*", "".join(outside)) is not None and depth == 0


def empty(of: str) -> str:
    """This will return FEEL that is true for null, no text, an empty list and an empty context."""
    return f'({of} = null or string({of}) = "" or string({of}) = "[]" or string({of}) = "{{}}")'


def item(of: str, key: str) -> str:
    """This will return FEEL for `of[key]`, where a text is the name of an entry, and a number counts from 0."""
    if key.startswith('"') and _QUOTED.fullmatch(key):
        return f"get value({of}, {key})"
    if key.isdigit():
        return f"{operand(of)}[{int(key) + 1}]"
    if not re.fullmatch(r"[\w.]+", key):
        return f"{operand(of)}[{operand(key)} + 1]"
    return f"(if {key} instance of string then get value({of}, {key}) else {operand(of)}[{key} + 1])"


def _contains(of: str, item: str) -> str:
    text = item if item.startswith('"') else f"string({item})"
    return f"(if {of} instance of string then contains({of}, {text}) else list contains({of}, {item}))"


def _position(of: str, item: str) -> str:
    text = f"(if contains({of}, {item}) then string length(substring before({of}, {item})) else -1)"
    listed = f"(if list contains({of}, {item}) then index of({of}, {item})[1] - 1 else -1)"
    return f"(if {of} instance of string then {text} else {listed})"


def _substring(of: str, first: str, last: str | None = None) -> str:
    begin = str(int(first) + 1) if first.isdigit() else f"{operand(first)} + 1"
    if last is None:
        return f"substring({of}, {begin})"
    is_counted = first.isdigit() and last.isdigit()
    length = str(int(last) - int(first)) if is_counted else f"{operand(last)} - {operand(first)}"
    return f"substring({of}, {begin}, {length})"


def _length(of: str) -> str:
    return f"(if {of} instance of string then string length({of}) else count({of}))"


def _replaced(of: str, old: str, new: str) -> str:
    """Java's `replace` takes its text as it is, FEEL's takes a pattern."""
    if not _QUOTED.fullmatch(old) or not _QUOTED.fullmatch(new):
        raise TypeError(old)
    pattern = re.sub(r"[.^$*+?()\[\]{}|]", lambda found: "\\\\" + found[0], old)
    written = new.replace("$", "\\\\$")
    return f"replace({of}, {pattern}, {written})"


def _compared(of: str, other: str) -> str:
    return f"(if {of} < {other} then -1 else if {of} > {other} then 1 else 0)"


def _shifted(sign: str, pattern: str) -> Callable[..., str]:
    """What Joda's dates are moved by: `dateTime().plusDays(3)`."""
    before, after = pattern.split("n")

    def moved(of: str, n: str) -> str:
        text = f'"{before}{n}{after}"' if n.isdigit() else f'"{before}" + string({n}) + "{after}"'
        return f"{of} {sign} duration({text})"

    return moved


def _only_row(of: str) -> str:
    """The result of a decision that is one value or a list of one."""
    return f"(if {of} instance of list<Any> then {of}[1] else {of})"


def _json_path(of: str, path: str) -> str:
    steps = re.findall(r"\.(\w+)|\[(\d+)\]", path)
    if not re.fullmatch(r'"\$(?:\.\w+|\[\d+\])*"', path):
        raise TypeError(path)
    return operand(of) + "".join(f".{name}" if name else f"[{int(place) + 1}]" for name, place in steps)


def _weeks(sign: str) -> Callable[..., str]:
    days = _shifted(sign, "PnD")
    return lambda of, n: days(of, str(7 * int(n)) if n.isdigit() else f"7 * {operand(n)}")


# What says of which type of Java a value is.
_SAME_HERE = ("doubleValue", "booleanValue", "toDate", "stringValue", "numberValue", "boolValue", "elements", "element")
_UNITS = {"Years": "PnY", "Months": "PnM", "Days": "PnD", "Hours": "PTnH", "Minutes": "PTnM"}
_UNITS |= {"Seconds": "PTnS"}
METHODS: dict[str, Callable[..., str]] = {
    "equalsIgnoreCase": lambda of, other: f"lower case({of}) = lower case({other})",
    "toString": lambda of: f"string({of})",
    "size": lambda of: f"count({of})",
    "length": lambda of: f"string length({of})",
    "substring": _substring,
    "concat": lambda of, other: f"{operand(of)} + string({other})",
    "contains": _contains,
    "isEmpty": empty,
    "toLowerCase": lambda of: f"lower case({of})",
    "toUpperCase": lambda of: f"upper case({of})",
    "startsWith": lambda of, text: f"starts with({of}, {text})",
    "endsWith": lambda of, text: f"ends with({of}, {text})",
    "containsKey": lambda of, key: f"get value({of}, {key}) != null",
    "matches": lambda of, pattern: f"matches({of}, {_whole(pattern)})",
    "trim": lambda of: f"trim({of})",
    "split": lambda of, by: f"split({of}, {by})",
    "replace": _replaced,
    "replaceAll": lambda of, pattern, text: f"replace({of}, {pattern}, {text})",
    "indexOf": _position,
    "compareTo": _compared,
    "intValue": lambda of: f"floor({of})",
    "longValue": lambda of: f"floor({of})",
    **dict.fromkeys(_SAME_HERE, lambda of: of),
    "hasProp": lambda of, key: f"get value({of}, {key}) != null",
    "jsonPath": _json_path,
    **dict.fromkeys(("getSingleEntry", "getSingleResult", "getFirstResult"), _only_row),
    **{f"{word}Weeks": _weeks(sign) for word, sign in (("plus", "+"), ("minus", "-"))},
    **{f"plus{unit}": _shifted("+", pattern) for unit, pattern in _UNITS.items()},
    **{f"minus{unit}": _shifted("-", pattern) for unit, pattern in _UNITS.items()},
}
OF_VARIABLES: dict[str, Callable[..., str]] = {
    "get": lambda name: name,
    "getOrDefault": lambda name, other: f"get or else({name}, {other})",
    "exists": lambda name: f"{name} != null",
    "empty": empty,
    "isEmpty": empty,
    **dict.fromkeys(("notEmpty", "isNotEmpty"), lambda name: f"not{empty(name)}"),
    "contains": lambda name, *items: _each("every", name, items),
    "containsAny": lambda name, *items: _each("some", name, items),
}
# The functions that pages of Java know: most are methods of their first argument.
_SAME = ("toLowerCase", "toUpperCase", "trim", "contains", "startsWith", "endsWith", "substring", "split", "replace")
OF_PAGES = {**{name: METHODS[name] for name in (*_SAME, "indexOf")}, "length": _length}


def _whole(pattern: str) -> str:
    """Java matches the whole text, FEEL any part of it."""
    return f'"^(?:{pattern[1:-1]})$"' if _QUOTED.fullmatch(pattern) else f'"^(?:" + {operand(pattern)} + ")$"'


def _each(word: str, name: str, items: tuple[str, ...]) -> str:
    if not items:
        raise TypeError(name)
    joined = {"every": " and ", "some": " or "}[word].join(_contains(name, each) for each in items)
    return joined if len(items) == 1 else f"({joined})"
