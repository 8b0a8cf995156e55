"""JUEL, the expression language of Camunda 7, Flowable and Activiti: a real parser, and nothing is ever evaluated."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from engine.errors import Invalid


class JuelInvalid(Invalid):
    """This is no JUEL expression: {problem} at position {position}."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a text, true, false or null."""

    value: str | bool | None
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Name:
    """A variable or a bean."""

    id: str


@dataclass(frozen=True, slots=True)
class Property:
    """`of.name`"""

    of: Tree
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """`of[key]`"""

    of: Tree
    key: Tree


@dataclass(frozen=True, slots=True)
class Call:
    """`of.method(arguments)`, or a function `prefix:method(arguments)` when `of` is None."""

    of: Tree | None
    method: str
    arguments: tuple[Tree, ...]
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Unary:
    """`-x`, `!x` or `empty x`."""

    operator: str
    operand: Tree


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands; operators are written as symbols: `and` is `&&`, `eq` is `==`."""

    operator: str
    left: Tree
    right: Tree


@dataclass(frozen=True, slots=True)
class Choice:
    """`condition ? yes : no`"""

    condition: Tree
    yes: Tree
    no: Tree


@dataclass(frozen=True, slots=True)
class Text:
    """Literal text and expressions one after the other."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """What is FEEL already."""

    feel: str


Tree = Literal | Name | Property | Index | Call | Unary | Binary | Choice | Text | Written

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d{1,9})?|\.\d+(?:[eE][+-]?\d{1,9})?)"
    r"|(?P<name>[^\W\d][\w$]*|\$[\w$]+)"
    r"|(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<symbol>&&|\|\||==|!=|<=|>=|\+=|[-+*/%<>!?:.,()\[\]]))",
    re.UNICODE | re.DOTALL,
)
_WORDS = {"and": "&&", "or": "||", "eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">="}
_WORDS |= {"div": "/", "mod": "%", "not": "!", "empty": "empty"}
_NAMED = {symbol: word for word, symbol in _WORDS.items()}
_LEVELS = [("||",), ("&&",), ("==", "!="), ("<", ">", "<=", ">="), ("+=",), ("+", "-"), ("*", "/", "%")]
_MAX_DEPTH = 100
_MAX_TOKENS = 400  # a chain of operators is as deep a tree as it is long
_MAX_EXPONENT = 308  # of a double
_OPEN = re.compile(r"(?<!\\)[$#]\{")
_ESCAPED = re.compile(r"\\([$#]\{)")


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.at = 0
        self.depth = 0

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self, *wanted: str) -> str | None:
        if self.at < len(self.tokens):
            kind, value, _ = self.tokens[self.at]
            if kind == "symbol" and value in wanted:
                self.at += 1
                return value
        return None

    def need(self, wanted: str) -> None:
        if self.take(wanted) is None:
            self.fail(f"{wanted} is missing")

    def fail(self, problem: str) -> None:
        position = self.tokens[self.at][2] if self.at < len(self.tokens) else -1
        raise JuelInvalid(problem=problem, position=position + 1)

    def choice(self) -> Tree:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            self.fail("it is nested too deep")
        tree = self.binary(0)
        if self.take("?"):
            yes = self.choice()
            self.need(":")
            tree = Choice(tree, yes, self.choice())
        self.depth -= 1
        return tree

    def binary(self, level: int) -> Tree:
        if level == len(_LEVELS):
            return self.unary()
        tree = self.binary(level + 1)
        while (operator := self.take(*_LEVELS[level])) is not None:
            other = self.binary(level + 1)
            tree = Text((tree, other)) if operator == "+=" else Binary(operator, tree, other)
        return tree

    def unary(self) -> Tree:
        operators = []
        while (operator := self.take("-", "!", "empty")) is not None:
            operators.append(operator)
        tree = self.value()
        for operator in reversed(operators):
            tree = Unary(operator, tree)
        return tree

    def value(self) -> Tree:
        tree = self.primary()
        while True:
            if self.take("."):
                name = self.name()
                tree = Call(tree, name, self.arguments()) if self.peek() == "(" else Property(tree, name)
            elif self.take("["):
                tree = Index(tree, self.choice())
                self.need("]")
            else:
                return tree

    def name(self) -> str:
        if self.at < len(self.tokens) and self.tokens[self.at][0] == "name":
            self.at += 1
            return self.tokens[self.at - 1][1]
        self.fail("a name is missing")
        return ""

    def arguments(self) -> tuple[Tree, ...]:
        self.need("(")
        found: list[Tree] = []
        if self.take(")"):
            return ()
        while True:
            found.append(self.choice())
            if self.take(")"):
                return tuple(found)
            self.need(",")

    def primary(self) -> Tree:
        if self.take("("):
            tree = self.choice()
            self.need(")")
            return tree
        if self.at >= len(self.tokens):
            self.fail("something is missing")
        kind, value, _ = self.tokens[self.at]
        if kind == "number":
            self.at += 1
            if abs(Decimal(value).adjusted()) > _MAX_EXPONENT:
                self.fail(f"{value} is out of range")
            return Literal(f"{Decimal(value):f}", is_number=True)
        if kind == "text":
            self.at += 1
            return Literal(re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL))
        name = self.name()
        if name in ("true", "false", "null"):
            return Literal({"true": True, "false": False, "null": None}[name])
        if self.peek() == "(":
            return Call(None, name, self.arguments())
        return self.prefixed(name)

    def prefixed(self, name: str) -> Tree:
        following = self.tokens[self.at : self.at + 3]
        if len(following) < 3 or following[0][1] != ":" or following[2][1] != "(":
            return Name(name)
        kind, method, _ = following[1]
        if kind != "name":  # Flowable's var:eq, var:lt and the like are named as operators are
            method = _NAMED.get(method, "")
            if not method:
                return Name(name)
        self.at += 2
        return Call(None, method, self.arguments(), prefix=name)


def _tokens(text: str) -> list[tuple[str, str, int]]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise JuelInvalid(problem=f"{text[at : at + 10]!r} is not understood", position=at + 1)
        kind = match.lastgroup or ""
        value = match[kind]
        if kind == "name" and value in _WORDS:
            kind, value = "symbol", _WORDS[value]
        found.append((kind, value, match.start(kind)))
        at = match.end()
    return found


def parse_expression(text: str) -> Tree:
    """This will parse what stands inside `${...}`, or raise JuelInvalid."""
    if len(text) > 10_000:
        raise JuelInvalid(problem="it is too long", position=1)
    parser = _Parser(text)
    if len(parser.tokens) > _MAX_TOKENS:
        raise JuelInvalid(problem="it is too long", position=1)
    tree = parser.choice()
    if parser.at < len(parser.tokens):
        parser.fail(f"{parser.peek()!r} is one too many")
    return tree


def is_juel(text: str) -> bool:
    """This will tell whether `text` holds `${...}` or `#{...}`."""
    return _OPEN.search(text) is not None


def parse(text: str) -> Tree:
    """This will parse text with `${...}` in it: one expression alone, or text and expressions mixed."""
    parts: list[Tree] = []
    at = 0
    while (opened := _OPEN.search(text, at)) is not None:
        if text[at : opened.start()]:
            parts.append(_plain(text[at : opened.start()]))
        end = _closing(text, opened.end())
        parts.append(parse_expression(text[opened.end() : end]))
        at = end + 1
    if text[at:]:
        parts.append(_plain(text[at:]))
    return parts[0] if len(parts) == 1 else Text(tuple(parts))


def _plain(text: str) -> Literal:
    return Literal(_ESCAPED.sub(r"\1", text))


def _closing(text: str, at: int) -> int:
    quote = ""
    while at < len(text):
        character = text[at]
        if quote:
            if character == "\\":
                at += 1
            elif character == quote:
                quote = ""
        elif character in "'\"":
            quote = character
        elif character == "}":
            return at
        at += 1
    raise JuelInvalid(problem="} is missing", position=len(text))
