"""Compiled expressions and unary tests: parse once, evaluate many times from many threads."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from . import (
    arithmetic,
    builtins_context,
    builtins_list,
    builtins_number,
    builtins_range,
    builtins_text,
    builtins_time,
    calls,
    iteration,
)
from .comparison import compile_tests
from .compiler import Scope, compile_node
from .cursor import Vocabulary
from .environment import DEFAULT_LIMITS, MAX_NESTING, NOTHING, Code, Environment, Frame, State
from .errors import LimitExceeded, Warning, locate
from .grammar import parse_expression, parse_tests
from .registry import BUILTINS
from .values import adopt

NO_WORDS = Vocabulary()
# importing these modules registers what they compile and what functions they bring
_REGISTERED = (
    arithmetic,
    builtins_context,
    builtins_list,
    builtins_number,
    builtins_range,
    builtins_text,
    builtins_time,
    calls,
    iteration,
)
_CACHED = 5000
_CACHED_LENGTH = 2000  # longer texts are compiled each time, so that strangers cannot fill the memory


@dataclass(frozen=True, slots=True)
class Result:
    """A value and what there is to say about how it came about."""

    value: Any
    warnings: list[Warning]


class Expression:
    """A FEEL expression, compiled."""

    __slots__ = ("code", "functions", "maybe_names", "names", "paths", "text")

    def __init__(self, text: str, vocabulary: Vocabulary = NO_WORDS) -> None:
        """This will compile `text`. Raises FeelSyntaxError, LimitExceeded."""
        scope = Scope()
        self.text = text
        self.code: Code = _guarded(lambda: compile_node(parse_expression(text, vocabulary), scope))
        self.names = frozenset(scope.names)
        self.paths = frozenset(scope.paths)
        self.functions = frozenset(scope.functions)  # called by name, and not built in
        # free names inside filters: they may be entries of the filtered elements
        self.maybe_names = frozenset(scope.maybe - scope.names)

    def evaluate(self, context: Mapping[str, Any], environment: Environment) -> Any:
        """This will return the value, null where FEEL says null. Raises LimitExceeded."""
        try:
            return self.code(Frame(NOTHING, None, context, State(environment)))
        except RecursionError:
            raise LimitExceeded("depth", environment.limits.depth) from None

    def explain(self, context: Mapping[str, Any], environment: Environment) -> Result:
        """This will return the value with all warnings. Raises LimitExceeded."""
        notes: list[tuple[str, int, dict[str, Any]]] = []
        try:
            value = self.code(Frame(NOTHING, None, context, State(environment, notes)))
        except RecursionError:
            raise LimitExceeded("depth", environment.limits.depth) from None
        return Result(value, located(notes, self.text))

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


class UnaryTests:
    """The tests of a decision table cell, compiled; `any_value` is true for `-`."""

    __slots__ = ("any_value", "code", "functions", "maybe_names", "names", "paths", "text")

    def __init__(self, text: str, vocabulary: Vocabulary = NO_WORDS) -> None:
        """This will compile `text`. Raises FeelSyntaxError, LimitExceeded."""
        scope = Scope({"?"})
        self.text = text
        self.code = _guarded(lambda: compile_tests(parse_tests(text, vocabulary), scope))
        self.any_value = self.code is None
        self.names = frozenset(scope.names)
        self.paths = frozenset(scope.paths)
        self.functions = frozenset(scope.functions)
        self.maybe_names = frozenset(scope.maybe - scope.names)

    def matches(self, input_value: Any, context: Mapping[str, Any], environment: Environment) -> bool | None:
        """This will say whether the FEEL or JSON value passes; null if that cannot be said. Raises LimitExceeded."""
        if self.code is None:
            return True
        value = adopt(input_value)
        try:
            answer: bool | None = self.code(value, Frame({"?": value}, None, context, State(environment)))
        except RecursionError:
            raise LimitExceeded("depth", environment.limits.depth) from None
        return answer

    def __repr__(self) -> str:
        return f"UnaryTests({self.text!r})"


def _guarded(build: Any) -> Any:
    try:
        return build()
    except RecursionError:
        raise LimitExceeded("depth", MAX_NESTING) from None


def located(notes: list[tuple[str, int, dict[str, Any]]], text: str) -> list[Warning]:
    """This will give warnings their line and column, each once."""
    found: dict[tuple[str, int, str], Warning] = {}
    for key, position, details in notes:
        line, column = locate(text, position)
        found.setdefault((key, position, str(sorted(details))), Warning(key, line, column, details))
    return list(found.values())


_expression = functools.lru_cache(maxsize=_CACHED)(Expression)
_unary_tests = functools.lru_cache(maxsize=_CACHED)(UnaryTests)


def parse(text: str) -> Expression:
    """This will compile an expression, or take it from the cache. Raises FeelSyntaxError, LimitExceeded."""
    return _expression(text) if len(text) <= _CACHED_LENGTH else Expression(text)


def parse_unary_tests(text: str) -> UnaryTests:
    """This will compile unary tests, or take them from the cache. Raises FeelSyntaxError, LimitExceeded."""
    return _unary_tests(text) if len(text) <= _CACHED_LENGTH else UnaryTests(text)


def literal_or_expression(text: str) -> str | Expression:
    """This will compile what begins with `=` and return any other text as it is, without surrounding white space.

    Raises FeelSyntaxError, LimitExceeded.
    """
    stripped = text.strip()
    if len(stripped) > 1 and stripped[0] == "=":
        return parse(stripped[1:].strip())
    return stripped


def evaluate_text(
    text: str, context: Mapping[str, Any] | None = None, environment: Environment | None = None
) -> Result:
    """This will parse and evaluate for designers. Raises FeelSyntaxError, LimitExceeded."""
    return parse(text).explain(context or {}, environment or Environment(datetime.now(UTC), limits=DEFAULT_LIMITS))


BUILTIN_NAMES = frozenset(BUILTINS)
