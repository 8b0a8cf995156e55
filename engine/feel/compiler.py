"""Syntax tree to closures: names, literals, paths, lists, contexts, conditions; others register here too."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

from .environment import Code, Frame, Values
from .hosting import host_function
from .nodes import (
    Conditional,
    ContextOf,
    InstanceOf,
    InvalidLiteral,
    ListOf,
    Literal,
    Name,
    Node,
    Path,
)
from .properties import property_of
from .registry import BUILTINS, as_value
from .types import conforms
from .values import adopt, type_name

_READY = frozenset((str, bool, type(None)))
_MISSING = object()


class Scope:
    """The names bound around a node while it is compiled, and the free names met so far.

    An `open` scope (a filter) binds names that only the data know.
    """

    __slots__ = ("bound", "functions", "is_open", "maybe", "names", "parent", "paths")

    def __init__(self, bound: set[str] | None = None, parent: Scope | None = None, is_open: bool = False) -> None:
        self.bound = bound if bound is not None else set()
        self.parent = parent
        self.is_open = is_open
        self.names: set[str] = parent.names if parent else set()
        self.paths: set[str] = parent.paths if parent else set()
        self.maybe: set[str] = parent.maybe if parent else set()
        self.functions: set[str] = parent.functions if parent else set()

    def inner(self, bound: set[str], is_open: bool = False) -> Scope:
        """This will return a scope inside this one."""
        return Scope(bound, self, is_open)

    def look_up(self, name: str) -> tuple[bool, bool]:
        """This will say whether `name` is bound around here, and whether data may bind it."""
        scope: Scope | None = self
        may = False
        while scope is not None:
            if name in scope.bound:
                return True, may
            may = may or scope.is_open
            scope = scope.parent
        return False, may

    def note(self, path: str) -> None:
        """This will remember a free variable's path."""
        name = path.partition(".")[0]
        bound, may = self.look_up(name)
        if bound:
            return
        if may:
            self.maybe.add(name)
        else:
            self.names.add(name)
            self.paths.add(path)


C = TypeVar("C", bound=Callable[..., Code])
COMPILERS: dict[type, Callable[[Any, Scope], Code]] = {}


def compiles(kind: type) -> Callable[[C], C]:
    """This will register the compiler of a kind of node."""

    def register(compiler: C) -> C:
        COMPILERS[kind] = compiler
        return compiler

    return register


def compile_node(node: Node, scope: Scope) -> Code:
    """This will return a closure that evaluates `node` in a frame."""
    return COMPILERS[type(node)](node, scope)


def values_of(codes: list[Code]) -> Callable[[Frame], list[Any]]:
    """This will return a closure that lists the values of all `codes`; one or two need no loop."""
    if len(codes) == 1:
        alone = codes[0]
        return lambda frame: [alone(frame)]
    if len(codes) == 2:
        first, second = codes
        return lambda frame: [first(frame), second(frame)]
    return lambda frame: [code(frame) for code in codes]


@compiles(Literal)
def _literal(node: Literal, scope: Scope) -> Code:
    value = node.value
    return lambda frame: value


@compiles(InvalidLiteral)
def _invalid(node: InvalidLiteral, scope: Scope) -> Code:
    def warn(frame: Frame) -> None:
        frame.state.warn("invalid literal", node.position, text=node.text)

    return warn


@compiles(Name)
def _name(node: Name, scope: Scope) -> Code:
    if node.name not in BUILTINS:
        scope.note(node.name)
    return read_name(node, scope)


def read_name(node: Name, scope: Scope) -> Code:
    """This will return a closure that looks a name up, nearest binding first."""
    bound, may = scope.look_up(node.name)
    return _chained(node.name, node.position) if bound or may else _free(node.name, node.position)


def free_name(node: Node, scope: Scope) -> str | None:
    """This will return the name of a variable that nothing but the context can bind; None of any other node."""
    return node.name if isinstance(node, Name) and scope.look_up(node.name) == (False, False) else None


def _free(name: str, position: int) -> Code:
    def read(frame: Frame) -> Any:
        value = frame.root.get(name, _MISSING)
        kind = type(value)
        if kind in _READY:
            return value
        if kind is Decimal:
            return value if value.is_finite() else None
        if value is _MISSING:
            return absent(frame, name, position)
        return adopted(frame, value)

    return read


def adopted(frame: Frame, value: Any) -> Any:
    """This will return a context's value as a FEEL value; a collection is converted once for each evaluation."""
    kind = type(value)
    if kind is not dict and kind is not list:
        return adopt(value)
    if type(frame.root) is Values:
        return value
    state = frame.state
    cache = state.adopted
    if cache is None:
        cache = state.adopted = {}
    known = cache.get(id(value))
    if known is None:
        # the raw value is kept beside the converted one, so that no other object can get its id
        known = cache[id(value)] = (value, adopt(value))
    return known[1]


def _chained(name: str, position: int) -> Code:
    free = _free(name, position)

    def read(frame: Frame) -> Any:
        inner: Frame | None = frame
        while inner is not None:
            value = inner.bound.get(name, _MISSING)
            if value is not _MISSING:
                return value
            inner = inner.parent
        return free(frame)

    def read_results(frame: Frame) -> Any:
        # `partial` grows while the loop runs: what an expression keeps of it must not
        value = read(frame)
        if type(value) is not list:
            return value
        frame.state.spend(len(value))
        return list(value)

    return read_results if name == "partial" else read


def absent(frame: Frame, name: str, position: int) -> Any:
    """This will look for a function of that name, else warn and give null."""
    host = frame.state.environment.functions.get(name)
    if host is not None:
        return host_function(name, host)
    known = BUILTINS.get(name)
    if known is not None:
        return as_value(known)
    frame.state.warn("unknown variable", position, name=name)
    return None


@compiles(Path)
def _path(node: Path, scope: Scope) -> Code:
    steps: list[Path] = [node]
    while isinstance(steps[-1].base, Path):
        steps.append(steps[-1].base)
    base = steps[-1].base
    steps.reverse()
    if isinstance(base, Name):
        bound, may = scope.look_up(base.name)
        scope.note(".".join([base.name, *(step.name for step in steps)]))
        if not bound and not may:
            return _free_path(base, steps)
    code = compile_node(base, scope)
    places = [(step.name, step.position) for step in steps]

    def walk(frame: Frame) -> Any:
        value = code(frame)
        for name, position in places:
            value = property_of(value, name, frame.state, position)
        return value

    return walk


def _free_path(base: Name, steps: list[Path]) -> Code:
    """Walk plain dicts as they are, and convert only what stands at the end."""
    walk = _walk(base, steps)
    if len(steps) > 1:
        return walk
    first, name = base.name, steps[0].name

    def step(frame: Frame) -> Any:
        value = frame.root.get(first)
        if type(value) is dict:
            inner: Any = value.get(name)
            kind: type = type(inner)
            if kind is str or kind is bool:
                return inner
            if kind is int:
                return adopt(inner)
        return walk(frame)

    return step


def _walk(base: Name, steps: list[Path]) -> Code:
    first, start = base.name, base.position
    places = [(step.name, step.position) for step in steps]

    def walk(frame: Frame) -> Any:
        value = frame.root.get(first, _MISSING)
        if value is _MISSING:
            value = absent(frame, first, start)
            if value is None:
                return None
        for index, (name, _) in enumerate(places):
            if type(value) is dict and name in value:
                value = value[name]
            else:
                value = value if type(value) is dict else adopted(frame, value)
                return _rest(value, places[index:], frame)
        return value if type(value) is str else adopted(frame, value)

    return walk


def _rest(value: Any, places: list[tuple[str, int]], frame: Frame) -> Any:
    for name, position in places:
        value = property_of(value, name, frame.state, position)
    return value


@compiles(ListOf)
def _list(node: ListOf, scope: Scope) -> Code:
    items = values_of([compile_node(item, scope) for item in node.items])
    if all(isinstance(item, Literal) for item in node.items):
        values = [item.value for item in node.items if isinstance(item, Literal)]
        return lambda frame: values
    return items


@compiles(ContextOf)
def _context(node: ContextOf, scope: Scope) -> Code:
    inner = scope.inner(set())
    entries: list[tuple[str, Code]] = []
    keys: set[str] = set()
    repeated: str | None = None
    for key, value in node.entries:
        own = inner
        if _is_function(value):
            # a function may call itself by the name of its entry
            own = inner.inner({key})
        entries.append((key, compile_node(value, own)))
        inner.bound.add(key)
        repeated = key if key in keys else repeated
        keys.add(key)

    def build(frame: Frame) -> Any:
        if repeated is not None:
            frame.state.warn("duplicate key", node.position, name=repeated)
            return None
        values: dict[str, Any] = {}
        within = frame.inner(values)
        for key, code in entries:
            values[key] = code(within)
        return values

    return build


def _is_function(node: Node) -> bool:
    return type(node).__name__ == "Function"


@compiles(Conditional)
def _conditional(node: Conditional, scope: Scope) -> Code:
    condition = compile_node(node.condition, scope)
    yes, no = compile_node(node.yes, scope), compile_node(node.no, scope)
    position = node.condition.position

    def choose(frame: Frame) -> Any:
        value = condition(frame)
        if value is True:
            return yes(frame)
        if value is not False:
            frame.state.warn("not boolean", position, type=type_name(value))
        return no(frame)

    return choose


@compiles(InstanceOf)
def _instance(node: InstanceOf, scope: Scope) -> Code:
    code, kind = compile_node(node.value, scope), node.type
    return lambda frame: conforms(code(frame), kind, frame.state, checked=False)
