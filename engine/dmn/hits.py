"""Which rules let a value through: the constants of a column's cells, each tried once when the table is read."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from itertools import pairwise
from typing import Any

from engine.feel.environment import Environment, Frame, State
from engine.feel.nodes import Interval, Literal, Node, Test, Tests

Tester = Callable[[Any, Frame], bool | None]
Cells = Sequence[tuple[int, Tester]]  # the tests of a column, by the index of their rule

MOST = 250_000  # tests that are tried for one column; beyond that its cells are evaluated each time
_PRECISE = Context(prec=12_500, Emin=MIN_EMIN, Emax=MAX_EMAX)  # between any two numbers of FEEL there is one more
_TIMELESS = Environment(datetime(2000, 1, 1, tzinfo=UTC))


def constants(tests: Tests) -> list[Any] | None:
    """This will return the values that tests compare with; None unless these alone decide, whatever else is known."""
    found: list[Any] = []
    for node in tests.tests:
        values = _compared(node)
        if values is None:
            return None
        found += values
    return found


def _compared(node: Node) -> list[Any] | None:
    if isinstance(node, Literal):
        return [node.value] if type(node.value) in (str, Decimal, bool, type(None)) else None
    ends: list[Node] = []
    if isinstance(node, Test):
        ends = [node.operand]
    elif isinstance(node, Interval):
        ends = [node.start, node.end]
    values = [end.value for end in ends if isinstance(end, Literal)]
    is_equality = isinstance(node, Test) and node.operator in ("=", "!=")
    kinds = (str, Decimal) if is_equality else (Decimal,)
    return values if values and all(type(value) in kinds for value in values) and len(values) == len(ends) else None


def scratch() -> State:
    """This will return a state to try constants in: nobody will ask for its clock."""
    return State(_TIMELESS, [])


@dataclass(slots=True)
class Column:
    """The rules that a value passes, as bits of a whole number.

    `known` has those of the texts that the cells name, and of true, false and null; `other` is for any other text.
    Between two neighbours of the `numbers` all tests answer alike: `spans` has the bits below the first number, of that
    number, between it and the next and so on.
    """

    known: dict[str | bool | None, int]
    other: int | None
    numbers: list[Decimal]
    spans: list[int]

    def passed(self, value: Any) -> int | None:
        """This will return the rules whose cells let `value` through; None for a value that was not tried."""
        kind = type(value)
        if kind is str or kind is bool or value is None:
            bits = self.known.get(value)
            return self.other if bits is None and kind is str else bits
        if kind is not Decimal or not self.spans:
            return None
        place = bisect_left(self.numbers, value)
        is_exact = place < len(self.numbers) and self.numbers[place] == value
        return self.spans[2 * place + is_exact]


def read_column(cells: Cells, wanted: Iterable[Any], rules: int) -> Column | None:
    """This will try the cells of a column, which compare with the constants `wanted`; None: there are too many."""
    values = list(wanted)
    texts = sorted({value for value in values if type(value) is str})
    numbers = sorted({value for value in values if type(value) is Decimal})
    if (len(texts) + 2 * len(numbers)) * len(cells) > MOST:
        return None
    other = "\0".join(texts) + "\0"  # longer than each of them
    free = (1 << rules) - 1
    for index, _ in cells:
        free &= ~(1 << index)

    def tried(value: Any) -> int | None:
        state = scratch()
        frame = Frame({"?": value}, None, {}, state)
        bits = free
        for index, test in cells:
            if test(value, frame) is True:
                bits |= 1 << index
        return None if state.warnings else bits  # designers are to be warned each time

    known = {value: tried(value) for value in (*texts, other, True, False, None)}
    spans = [tried(value) for value in _representatives(numbers)]
    return Column(
        {value: bits for value, bits in known.items() if bits is not None},
        known[other],
        numbers,
        [] if None in spans else [bits for bits in spans if bits is not None],
    )


def _representatives(numbers: list[Decimal]) -> Iterable[Decimal]:
    """A number below the first of `numbers`, the first, one between it and the second, and so on."""
    if not numbers:
        yield Decimal(0)
        return
    yield _PRECISE.subtract(numbers[0], 1)
    for number, following in pairwise(numbers):
        yield number
        yield _PRECISE.divide(_PRECISE.add(number, following), 2)
    yield numbers[-1]
    yield _PRECISE.add(numbers[-1], 1)
