"""Functions of the host as FEEL functions: Python values in, FEEL values out."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from .durations import DayTimeDuration
from .environment import State
from .temporal import Date, DateTime, Time
from .values import FunctionValue, adopt


@functools.lru_cache(maxsize=1024)
def _parameters(function: Callable[..., Any]) -> tuple[tuple[str, bool], ...]:
    """The FEEL names of the parameters (`from_` is `from`, `start_date` is `start date`), and which are required."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return ()
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return tuple(
        (parameter.name.rstrip("_").replace("_", " "), parameter.default is inspect.Parameter.empty)
        for parameter in parameters
        if parameter.kind in positional
    )


def host_function(name: str, function: Callable[..., Any]) -> FunctionValue:
    """This will wrap a function of the host. It is given Decimal, str, bool, list, dict and datetime's values."""
    parameters = _parameters(function)
    names = tuple(parameter for parameter, _ in parameters)
    required, most = sum(needed for _, needed in parameters), len(names)

    def run(state: State, arguments: list[Any]) -> Any:
        while len(arguments) > required and arguments[-1] is None:
            arguments = arguments[:-1]
        if not required <= len(arguments) <= most:
            state.warn("arguments", state.position, function=name)
            return None
        try:
            return adopt(function(*map(to_python, arguments)))
        except (TypeError, ValueError, AttributeError, ArithmeticError, LookupError) as problem:
            state.warn("host function failed", state.position, function=name, reason=str(problem))
            return None

    return FunctionValue(name, names, run, is_flexible=True)


# a function that is only called, and no value of its own, is wrapped once: nobody can tell the wrappings apart
called_function = functools.lru_cache(maxsize=1024)(host_function)


def to_python(value: Any) -> Any:
    """This will return datetime's values for dates, times and days durations, also inside lists and contexts.

    Raises ValueError or OverflowError for what Python's datetime cannot hold.
    """
    kind = type(value)
    if kind is str or kind is Decimal:
        return value
    if kind in _OF_DATETIME:
        return value.to_python()
    if kind is list:
        return [to_python(item) for item in value]
    if kind is dict:
        return {key: to_python(item) for key, item in value.items()}
    return value


_OF_DATETIME = frozenset((Date, Time, DateTime, DayTimeDuration))
