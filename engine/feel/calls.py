"""Function definitions and calls."""

from __future__ import annotations

from typing import Any

from .compiler import Scope, compile_node, compiles, read_name, values_of
from .environment import Code, Frame, State
from .hosting import called_function
from .nodes import Call, Function, Name
from .registry import BUILTINS, Builtin, invoke, kinds_of, result_of
from .types import coerce
from .values import FunctionValue, adopt, type_name


@compiles(Function)
def _function(node: Function, scope: Scope) -> Code:
    names = tuple(name for name, _ in node.parameters)
    types = tuple(kind for _, kind in node.parameters)
    body = compile_node(node.body, scope.inner(set(names)))

    def define(frame: Frame) -> FunctionValue:
        def run(state: State, arguments: list[Any]) -> Any:
            if node.external:
                state.warn("external function", state.position)
                return None
            return body(Frame(dict(zip(names, arguments, strict=True)), frame, frame.root, state))

        return FunctionValue("", names, run, types)

    return define


@compiles(Call)
def _call(node: Call, scope: Scope) -> Code:
    arguments = [compile_node(argument, scope) for argument in node.arguments]
    names, position = node.names, node.position
    if isinstance(node.function, Name):
        name = node.function.name
        special = _SPECIAL.get(name)
        bound, may = scope.look_up(name)
        if special is not None and not bound:
            return special(node, arguments, scope)
        known = BUILTINS.get(name)
        if known is not None and not bound and not may:
            return _builtin_call(known, arguments, names, position)
        if known is None:
            scope.functions.update([] if bound else [name])
        return _named_call(name, known, read_name(node.function, scope), arguments, node)
    function, each = compile_node(node.function, scope), values_of(arguments)
    return lambda frame: call(function(frame), each(frame), names, frame.state, position)


def _builtin_call(known: Builtin, arguments: list[Code], names: list[str] | None, position: int) -> Code:
    name = known.name
    kinds = None if names else kinds_of(known, len(arguments))
    each = values_of(arguments)

    def called(frame: Frame) -> Any:
        values = each(frame)
        state = frame.state
        own = frame.root.get(name)
        if type(own) is FunctionValue:
            return call(own, values, names, state, position)
        if kinds is None:
            return invoke(known, state, values, names, position)
        for value, types in zip(values, kinds, strict=True):
            if types is not None and type(value) not in types:
                return invoke(known, state, values, names, position)
        state.tick()
        return result_of(known, state, values, position)

    return called


def _named_call(name: str, known: Builtin | None, function: Code, arguments: list[Code], node: Call) -> Code:
    names, position = node.names, node.position
    each = values_of(arguments)

    def run(frame: Frame) -> Any:
        state = frame.state
        host = state.environment.functions.get(name)
        if host is not None:
            target: Any = called_function(name, host)
        elif known is None and not _is_visible(name, frame):
            state.warn("unknown function", position, name=name)
            return None
        else:
            target = function(frame)
        values = each(frame)
        if known is not None and type(target) is not FunctionValue:
            return invoke(known, state, values, names, position)
        return call(target, values, names, state, position, name)

    return run


def _is_visible(name: str, frame: Frame) -> bool:
    inner: Frame | None = frame
    while inner is not None:
        if name in inner.bound:
            return True
        inner = inner.parent
    return name in frame.root


def call(
    function: Any, values: list[Any], names: list[str] | None, state: State, position: int, called: str = ""
) -> Any:
    """This will call a function value; null and a warning if it cannot be called so. Raises LimitExceeded."""
    if type(function) is not FunctionValue:
        state.warn("not a function", position, name=called or type_name(function))
        return None
    if names is not None:
        given = dict(zip(names, values, strict=True))
        if len(given) != len(names) or not set(given) <= set(function.parameters):
            state.warn("arguments", position, function=called or function.name)
            return None
        values = [given.get(name) for name in function.parameters]
    if not function.is_flexible and not _fit_arguments(function, values, state):
        state.warn("arguments", position, function=called or function.name)
        return None
    state.enter()
    state.position = position
    try:
        return function.invoke(state, values)
    finally:
        state.leave()


def _fit_arguments(function: FunctionValue, values: list[Any], state: State) -> bool:
    if len(values) != len(function.parameters):
        return False
    for index, kind in enumerate(function.types):
        if kind is not None:
            values[index], fits = coerce(values[index], kind, state)
            if not fits:
                return False
    return True


def _is_defined(node: Call, arguments: list[Code], scope: Scope) -> Code:
    """Camunda's `is defined(x)`: false if a variable or entry is missing; null is defined."""
    target = node.arguments[0] if len(node.arguments) == 1 else node

    def run(frame: Frame) -> bool:
        if target is node:
            return False
        if isinstance(target, Name):
            return _is_visible(target.name, frame)
        missing: list[tuple[str, int, dict[str, Any]]] = []
        own = frame.state.warnings
        frame.state.warnings = missing
        try:
            arguments[0](frame)
        finally:
            frame.state.warnings = own
        return not any(key in ("unknown variable", "unknown property") for key, _, _ in missing)

    return run


def _case_data(node: Call, arguments: list[Code], scope: Scope) -> Code:
    """`case data()`, every variable that can be seen here as one context: what an app's function is to look at."""
    return lambda frame: adopt(dict(frame.root))


_SPECIAL = {"is defined": _is_defined, "case data": _case_data}
