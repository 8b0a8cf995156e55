"""The built-in functions by name: what they accept, and how they are called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from .durations import DayTimeDuration, YearMonthDuration
from .environment import State
from .temporal import Date, DateTime, Time
from .values import FunctionValue, Range, type_name

_KINDS: dict[str, tuple[type, ...] | None] = {
    "any": None,
    "number": (Decimal,),
    "string": (str,),
    "boolean": (bool,),
    "date": (Date, DateTime),
    "time": (Time,),
    "date and time": (DateTime, Date),
    "moment": (Date, DateTime, Time),
    "days duration": (DayTimeDuration,),
    "duration": (DayTimeDuration, YearMonthDuration),
    "list": (list,),
    "context": (dict,),
    "range": (Range,),
    "function": (FunctionValue,),
}
_SHOWN = {
    "date": "date",
    "moment": "date or time or date and time",
    "days duration": "days and time duration",
    "duration": "days and time duration or years and months duration",
}


class NoResult(Exception):
    """The function has no result for these arguments."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter: `kind` is a key of the table of kinds; a nullable one is told of null."""

    name: str
    kind: str
    types: tuple[type, ...] | None
    optional: bool
    nullable: bool
    variadic: bool


@dataclass(frozen=True, slots=True)
class Builtin:
    """A built-in function with its signatures."""

    name: str
    signatures: tuple[tuple[Parameter, ...], ...]
    function: Callable[..., Any]
    wants_state: bool
    may_be_null: bool


BUILTINS: dict[str, Builtin] = {}


F = TypeVar("F", bound=Callable[..., Any])


def builtin(name: str, *signatures: str, state: bool = False, null: bool = False) -> Callable[[F], F]:
    """This will register a function; a signature reads `string: string, start position: number, length?: number`.

    `?` behind a name makes it optional, behind a kind nullable; `...` before a name takes any number. With `state`
    the function is given the State first; with `null` a null result is no reason for a warning.
    """
    parsed = tuple(tuple(_parameter(part) for part in text.split(",") if part.strip()) for text in signatures)

    def register(function: F) -> F:
        BUILTINS[name] = Builtin(name, parsed, function, state, null)
        return function

    return register


def _parameter(text: str) -> Parameter:
    name, _, kind = (part.strip() for part in text.partition(":"))
    variadic, optional, nullable = name.startswith("..."), name.endswith("?"), kind.endswith("?")
    kind = kind.rstrip("?") or "any"
    return Parameter(name.strip(".?"), kind, _KINDS[kind], optional or variadic, nullable or kind == "any", variadic)


def invoke(builtin: Builtin, state: State, arguments: list[Any], names: list[str] | None, position: int) -> Any:
    """This will call a built-in function; wrong arguments give null and a warning."""
    state.tick()
    problem: tuple[Parameter, Any] | None = None
    for signature in builtin.signatures:
        bound = _named(signature, arguments, names) if names else _positional(signature, arguments)
        if bound is None:
            continue
        problem = _fit(signature, bound)
        if problem is None:
            return result_of(builtin, state, bound, position)
    if problem is None:
        state.warn("arguments", position, function=builtin.name)
    elif problem[1] is not None or not builtin.may_be_null:
        parameter, value = problem
        expected = _SHOWN.get(parameter.kind, parameter.kind)
        state.warn(
            "argument type",
            position,
            function=builtin.name,
            parameter=parameter.name,
            expected=expected,
            type=type_name(value),
        )
    return None


def kinds_of(builtin: Builtin, count: int) -> tuple[tuple[type, ...] | None, ...] | None:
    """This will tell the kinds that `count` positional arguments have where the function takes them as they are.

    They are those of the signature that is tried first; None if it does not take each argument by itself.
    """
    for signature in builtin.signatures:
        if _positional(signature, [None] * count) is not None:
            is_plain = not any(parameter.variadic for parameter in signature)
            return tuple(parameter.types for parameter in signature[:count]) if is_plain else None
    return None


def result_of(builtin: Builtin, state: State, bound: list[Any], position: int) -> Any:
    """This will call a built-in function with arguments that fit; null and a warning if it has no result."""
    try:
        result = builtin.function(state, *bound) if builtin.wants_state else builtin.function(*bound)
    except (NoResult, ArithmeticError, ValueError):
        state.warn("function failed", position, function=builtin.name)
        return None
    if result is None and not builtin.may_be_null:
        state.warn("function failed", position, function=builtin.name)
    return result


def _positional(signature: tuple[Parameter, ...], arguments: list[Any]) -> list[Any] | None:
    count = len(arguments)
    if signature and signature[-1].variadic:
        fixed = len(signature) - 1
        return [*arguments[:fixed], arguments[fixed:]] if count > fixed else None
    if count > len(signature) or any(not parameter.optional for parameter in signature[count:]):
        return None
    return list(arguments)


def _named(signature: tuple[Parameter, ...], arguments: list[Any], names: list[str]) -> list[Any] | None:
    given = dict(zip(names, arguments, strict=True))
    known = {parameter.name for parameter in signature}
    if len(given) != len(names) or not known.issuperset(given):
        return None
    bound: list[Any] = []
    for parameter in signature:
        if parameter.name in given:
            bound.append([given[parameter.name]] if parameter.variadic else given[parameter.name])
        elif parameter.optional or parameter.nullable:
            bound.append(None)
        else:
            return None
    while (
        bound
        and bound[-1] is None
        and signature[len(bound) - 1].optional
        and signature[len(bound) - 1].name not in given
    ):
        bound.pop()
    return bound


def _fit(signature: tuple[Parameter, ...], bound: list[Any]) -> tuple[Parameter, Any] | None:
    """This will check and coerce arguments in place; the first that does not fit is the answer."""
    for index, value in enumerate(bound):
        parameter = signature[index]
        types = parameter.types
        if types is None or parameter.variadic or type(value) in types:
            continue
        if value is None:
            if parameter.nullable or (parameter.optional and parameter.kind != "number"):
                continue
            return parameter, value
        if type(value) is list and len(value) == 1 and type(value[0]) in types:
            bound[index] = value[0]
        elif types == (list,):
            bound[index] = [value]
        else:
            return parameter, value
    return None


def as_value(builtin: Builtin) -> FunctionValue:
    """This will return a built-in function as a value that can be passed around."""

    def run(state: State, arguments: list[Any]) -> Any:
        return invoke(builtin, state, arguments, None, 0)

    parameters = tuple(parameter.name for parameter in builtin.signatures[0])
    return FunctionValue(builtin.name, parameters, run, is_flexible=True)
