"""for, some, every and filters."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from .compiler import Scope, compile_node, compiles
from .environment import Code, Frame, State
from .errors import LimitExceeded
from .nodes import Arithmetic, Call, Conditional, Filter, For, Iterator, Literal, Name, Negation, Path, Quantified
from .temporal import Date, date_of
from .values import Range, type_name

_Source = tuple[str, Callable[[Frame], list[Any] | range | None]]
_NUMERIC = (Name, Path, Arithmetic, Call, Negation, Conditional, Filter)


def span(start: Any, end: Any, state: State) -> list[Any] | None:
    """This will return the whole numbers or days from start to end, downwards if the end is lower."""
    if type(start) is Decimal and type(end) is Decimal:
        first, last = int(start), int(end)
        if first != start or last != end:
            return None
        state.check_list(abs(last - first) + 1)
        step = 1 if first <= last else -1
        return [Decimal(number) for number in range(first, last + step, step)]
    if type(start) is Date and type(end) is Date:
        first, last = start.days, end.days
        state.check_list(abs(last - first) + 1)
        step = 1 if first <= last else -1
        return [date_of(day) for day in range(first, last + step, step)]
    return None


def items_of(value: Any, state: State) -> list[Any] | None:
    """This will return what can be iterated: a list, the members of a range, or a single value as its own list."""
    if type(value) is list:
        return value
    if type(value) is Range:
        items = span(value.start, value.end, state)
        if items is None or type(value.start) is not type(value.end):
            return None
        items = items if value.start_included else items[1:]
        return items if value.end_included else items[:-1]
    return None if value is None else [value]


def _sources(iterators: list[Iterator], scope: Scope) -> tuple[list[_Source], Scope]:
    sources: list[_Source] = []
    inner = scope
    for iterator in iterators:
        sources.append((iterator.name, _source(iterator, inner)))
        inner = inner.inner({iterator.name})
    return sources, inner


def _source(iterator: Iterator, scope: Scope) -> Callable[[Frame], list[Any] | None]:
    start = compile_node(iterator.source, scope)
    end = compile_node(iterator.end, scope) if iterator.end is not None else None
    position = iterator.source.position

    def items(frame: Frame) -> list[Any] | None:
        first = start(frame)
        if end is None:
            found = items_of(first, frame.state)
            if found is None:
                frame.state.warn("operand type", position, operator="in", type=type_name(first))
            return found
        last = end(frame)
        found = span(first, last, frame.state)
        if found is None:
            frame.state.warn("iteration", position, left=type_name(first), right=type_name(last))
        return found

    return items


def _walk(sources: list[_Source], at: int, frame: Frame, visit: Callable[[Frame], bool]) -> bool | None:
    """Visit the product of the sources; False stops, None says that a source could not be iterated."""
    name, source = sources[at]
    items = source(frame)
    if items is None:
        return None
    last = at + 1 == len(sources)
    state = frame.state
    for item in items:
        state.tick()
        inner = Frame({name: item}, frame, frame.root, state)
        going = visit(inner) if last else _walk(sources, at + 1, inner, visit)
        if going is not True:
            return going
    return True


@compiles(For)
def _for(node: For, scope: Scope) -> Code:
    partial = scope.inner({"partial"})
    sources, inner = _sources(node.iterators, partial)
    body = compile_node(node.body, inner)

    def collect(frame: Frame) -> list[Any] | None:
        results: list[Any] = []
        most = frame.state.limits.list_size

        def visit(each: Frame) -> bool:
            if len(results) >= most:
                raise LimitExceeded("list size", most)
            results.append(body(each))
            return True

        done = _walk(sources, 0, frame.inner({"partial": results}), visit)
        return None if done is None else results

    return collect


@compiles(Quantified)
def _quantified(node: Quantified, scope: Scope) -> Code:
    sources, inner = _sources(node.iterators, scope)
    condition = compile_node(node.condition, inner)
    deciding = node.quantifier == "some"
    position = node.condition.position

    def decide(frame: Frame) -> bool | None:
        unknown = False

        def visit(each: Frame) -> bool:
            nonlocal unknown
            value = condition(each)
            if type(value) is not bool:
                unknown = True
                if value is not None:
                    each.state.warn("not boolean", position, type=type_name(value))
            return value is not deciding

        done = _walk(sources, 0, frame, visit)
        if done is False:
            return deciding
        return None if unknown or done is None else not deciding

    return decide


def _filter_frame(item: Any, frame: Frame) -> Frame:
    inner = frame.inner({"item": item})
    return Frame(item, inner, frame.root, frame.state) if type(item) is dict else inner


@compiles(Filter)
def _filter(node: Filter, scope: Scope) -> Code:
    base, position = compile_node(node.base, scope), node.position
    condition = node.condition
    if isinstance(condition, Literal) and type(condition.value) is Decimal:
        index = condition.value
        return lambda frame: _element(base(frame), index, frame.state, position)
    code = compile_node(condition, scope.inner({"item"}).inner(set(), is_open=True))
    may_be_index = isinstance(condition, _NUMERIC)

    def select(frame: Frame) -> Any:
        value = base(frame)
        items = value if type(value) is list else items_of(value, frame.state)
        if items is None:
            return [] if not may_be_index else _element(value, code(_filter_frame(None, frame)), frame.state, position)
        kept: list[Any] = []
        for number, item in enumerate(items):
            frame.state.tick()
            answer = code(_filter_frame(item, frame))
            if answer is True:
                kept.append(item)
            elif type(answer) is Decimal and may_be_index and number == 0:
                return _element(items, answer, frame.state, position)
            elif answer is not False and answer is not None:
                frame.state.warn("not boolean", condition.position, type=type_name(answer))
        if not items and may_be_index:
            answer = code(frame.inner({"item": None}))
            return None if type(answer) is Decimal else kept
        return kept

    return select


def _element(value: Any, index: Any, state: State, position: int) -> Any:
    if type(index) is not Decimal:
        return []
    items = value if type(value) is list else items_of(value, state) or []
    number = int(index) if abs(index) <= len(items) else 0
    if number == index and number > 0:
        return items[number - 1]
    if number == index and number < 0:
        return items[number]
    state.warn("index", position, index=str(index))
    return None


__all__ = ["items_of", "span"]
