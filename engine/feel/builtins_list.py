"""List functions (DMN 1.5, table 74) and sort."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from .calls import call
from .environment import State
from .registry import NoResult, builtin
from .values import NUMBERS, ONE, ZERO, FunctionValue, equal, order

_LIST = "list: list"
_MANY = "...c: any"
_HASHED = frozenset((Decimal, str))


def _spread(values: list[Any]) -> list[Any]:
    """A single list is the list itself: min([1, 2]) and min(1, 2) are the same."""
    return values[0] if len(values) == 1 and type(values[0]) is list else values


def same(left: Any, right: Any, state: State) -> bool:
    """This will be true for equal values; null equals null."""
    return equal(left, right, state) is True


def _contains(items: list[Any], value: Any, state: State) -> bool:
    state.spend(len(items))
    return any(same(item, value, state) for item in items)


@builtin("list contains", "list: list, element: any", state=True)
def _list_contains(state: State, items: list[Any], element: Any) -> bool:
    return _contains(items, element, state)


@builtin("count", _LIST)
def _count(items: list[Any]) -> Decimal:
    return Decimal(len(items))


def _extreme(state: State, values: list[Any], sign: int) -> Any:
    items = _spread(values)
    if not items:
        return None
    state.spend(len(items))
    best = items[0]
    if order(best, best) is None:
        raise NoResult
    for item in items[1:]:
        way = order(item, best)
        if way is None:
            raise NoResult
        best = item if way == sign else best
    return best


@builtin("min", _LIST, _MANY, state=True, null=True)
def _min(state: State, values: list[Any]) -> Any:
    return _extreme(state, values, -1)


@builtin("max", _LIST, _MANY, state=True, null=True)
def _max(state: State, values: list[Any]) -> Any:
    return _extreme(state, values, 1)


def _numbers(state: State, values: list[Any]) -> list[Decimal]:
    items = _spread(values)
    state.spend(len(items))
    if any(type(item) is not Decimal for item in items):
        raise NoResult
    return items


def _total(numbers: list[Decimal]) -> Decimal:
    total = ZERO
    for number in numbers:
        total = NUMBERS.add(total, number)
    return total


@builtin("sum", _LIST, _MANY, state=True, null=True)
def _sum(state: State, values: list[Any]) -> Any:
    numbers = _numbers(state, values)
    return _total(numbers) if numbers else None


@builtin("product", _LIST, _MANY, state=True, null=True)
def _product(state: State, values: list[Any]) -> Any:
    numbers = _numbers(state, values)
    product = ONE
    for number in numbers:
        product = NUMBERS.multiply(product, number)
    return product if numbers else None


@builtin("mean", _LIST, _MANY, state=True, null=True)
def _mean(state: State, values: list[Any]) -> Any:
    numbers = _numbers(state, values)
    return NUMBERS.divide(_total(numbers), Decimal(len(numbers))) if numbers else None


@builtin("median", _LIST, _MANY, state=True, null=True)
def _median(state: State, values: list[Any]) -> Any:
    numbers = sorted(_numbers(state, values))
    if not numbers:
        return None
    middle = len(numbers) // 2
    if len(numbers) % 2:
        return numbers[middle]
    return NUMBERS.divide(NUMBERS.add(numbers[middle - 1], numbers[middle]), Decimal(2))


@builtin("stddev", _LIST, _MANY, state=True)
def _stddev(state: State, values: list[Any]) -> Any:
    numbers = _numbers(state, values)
    if len(numbers) < 2:
        return None
    mean = NUMBERS.divide(_total(numbers), Decimal(len(numbers)))
    squares = [NUMBERS.power(NUMBERS.subtract(number, mean), Decimal(2)) for number in numbers]
    return NUMBERS.sqrt(NUMBERS.divide(_total(squares), Decimal(len(numbers) - 1)))


@builtin("mode", _LIST, _MANY, state=True)
def _mode(state: State, values: list[Any]) -> Any:
    counts: dict[Decimal, int] = {}
    for number in _numbers(state, values):
        counts[number] = counts.get(number, 0) + 1
    most = max(counts.values(), default=0)
    return sorted(number for number, count in counts.items() if count == most)


def _three_valued(values: list[Any], deciding: bool) -> bool | None:
    items = _spread(values)
    if any(item is deciding for item in items):
        return deciding
    return None if any(type(item) is not bool for item in items) else not deciding


@builtin("all", _LIST, "...b: any", null=True)
def _all(values: list[Any]) -> bool | None:
    return _three_valued(values, False)


@builtin("any", _LIST, "...b: any", null=True)
def _any(values: list[Any]) -> bool | None:
    return _three_valued(values, True)


@builtin("sublist", "list: list, start position: number, length?: number", state=True)
def _sublist(state: State, items: list[Any], start: Decimal, length: Decimal | None = None) -> Any:
    first = int(start)
    if first == 0 or abs(first) > len(items):
        return None
    begin = first - 1 if first > 0 else len(items) + first
    end = len(items) if length is None else begin + int(length)
    if end < begin or end > len(items):
        return None
    state.spend(end - begin)
    return items[begin:end]


@builtin("append", "list: list, ...item: any", state=True)
def _append(state: State, items: list[Any], more: list[Any]) -> list[Any]:
    state.check_list(len(items) + len(more))
    return [*items, *more]


@builtin("concatenate", "...list: any", state=True)
def _concatenate(state: State, lists: list[Any]) -> list[Any]:
    return _joined(state, lists)


def _joined(state: State, lists: list[Any]) -> list[Any]:
    result: list[Any] = []
    for items in lists:
        if items is None:
            raise NoResult
        part = items if type(items) is list else [items]
        state.check_list(len(result) + len(part))
        result.extend(part)
    return result


@builtin("insert before", "list: list, position: number, newItem: any", state=True)
def _insert_before(state: State, items: list[Any], position: Decimal, item: Any) -> Any:
    index = _index(items, position)
    state.check_list(len(items) + 1)
    return [*items[:index], item, *items[index:]]


@builtin("remove", "list: list, position: number", state=True)
def _remove(state: State, items: list[Any], position: Decimal) -> Any:
    index = _index(items, position)
    state.spend(len(items))
    return items[:index] + items[index + 1 :]


def _index(items: list[Any], position: Decimal) -> int:
    place = int(position)
    if place == 0 or abs(place) > len(items):
        raise NoResult
    return place - 1 if place > 0 else len(items) + place


@builtin(
    "list replace",
    "list: list, position: number, newItem: any",
    "list: list, match: function, newItem: any",
    state=True,
)
def _list_replace(state: State, items: list[Any], place: Decimal | FunctionValue, item: Any) -> Any:
    state.check_list(len(items))
    if isinstance(place, Decimal):
        index = _index(items, place)
        return [*items[:index], item, *items[index + 1 :]]
    if len(place.parameters) != 2:
        raise NoResult
    result = []
    for old in items:
        answer = call(place, [old, item], None, state, state.position)
        if type(answer) is not bool:
            raise NoResult
        result.append(item if answer else old)
    return result


@builtin("reverse", _LIST, state=True)
def _reverse(state: State, items: list[Any]) -> list[Any]:
    state.spend(len(items))
    return items[::-1]


@builtin("index of", "list: list, match: any", state=True)
def _index_of(state: State, items: list[Any], match: Any) -> list[Decimal]:
    state.spend(len(items))
    return [Decimal(number) for number, item in enumerate(items, 1) if same(item, match, state)]


@builtin("union", "...list: any", state=True)
def _union(state: State, lists: list[Any]) -> list[Any]:
    return distinct(_joined(state, lists), state)


@builtin("distinct values", _LIST, state=True)
def _distinct_values(state: State, items: list[Any]) -> list[Any]:
    return distinct(items, state)


@builtin("duplicate values", _LIST, state=True)
def _duplicate_values(state: State, items: list[Any]) -> list[Any]:
    twice = [item for number, item in enumerate(items) if _contains(items[:number], item, state)]
    return distinct(twice, state)


def distinct(items: list[Any], state: State) -> list[Any]:
    """This will return each value once, in the order of its first occurrence."""
    seen: set[Any] = set()
    others: list[Any] = []
    result: list[Any] = []
    for item in items:
        state.tick()
        if type(item) in _HASHED:
            if item in seen:
                continue
            seen.add(item)
        elif _contains(others, item, state):
            continue
        else:
            others.append(item)
        result.append(item)
    return result


@builtin("flatten", _LIST, state=True)
def _flatten(state: State, items: list[Any]) -> list[Any]:
    result: list[Any] = []
    _flatten_into(result, items, state)
    return result


def _flatten_into(result: list[Any], items: list[Any], state: State) -> None:
    state.enter()
    for item in items:
        if type(item) is list:
            _flatten_into(result, item, state)
        else:
            state.tick()
            result.append(item)
            if len(result) > state.limits.list_size:
                state.check_list(len(result))
    state.leave()


@builtin("is empty", _LIST)
def _is_empty(items: list[Any]) -> bool:
    return not items


@builtin("partition", "list: list, size: number", state=True)
def _partition(state: State, items: list[Any], size: Decimal) -> Any:
    width = int(size)
    if width < 1:
        return None
    state.spend(len(items))
    return [items[start : start + width] for start in range(0, len(items), width)]


class _Sortable:
    """An element whose order is asked of a FEEL function."""

    __slots__ = ("precedes", "state", "value")

    def __init__(self, value: Any, precedes: FunctionValue | None, state: State) -> None:
        self.value, self.precedes, self.state = value, precedes, state

    def __lt__(self, other: _Sortable) -> bool:
        if self.precedes is None:
            way = order(self.value, other.value)
            if way is None:
                raise NoResult
            self.state.tick()
            return way < 0
        answer = call(self.precedes, [self.value, other.value], None, self.state, self.state.position)
        if type(answer) is not bool:
            raise NoResult
        return answer


@builtin("sort", "list: list, precedes?: function", state=True)
def _sort(state: State, items: list[Any], precedes: FunctionValue | None = None) -> list[Any]:
    if precedes is not None and len(precedes.parameters) != 2:
        raise NoResult
    state.spend(len(items))
    return [each.value for each in sorted(_Sortable(item, precedes, state) for item in items)]
