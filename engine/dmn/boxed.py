"""Boxed expressions (DMN 1.5, chapter 7 and 10.2) to closures over FEEL frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from engine.errors import Fault
from engine.feel.calls import call
from engine.feel.cursor import Vocabulary
from engine.feel.environment import Frame, State, Values
from engine.feel.errors import FeelSyntaxError, LimitExceeded
from engine.feel.expression import Expression, UnaryTests, located
from engine.feel.iteration import items_of
from engine.feel.types import FeelType, coerce
from engine.feel.values import FunctionValue, type_name

from .itemtypes import ItemTypes
from .model import Logic
from .trace import DecisionState, Note
from .xmltree import Element, child, children, line_of, local_name, text_of, type_ref


@dataclass(slots=True)
class Reader:
    """What is needed to compile the boxed expressions of one model."""

    types: ItemTypes
    vocabulary: Vocabulary
    faults: list[Fault] = field(default_factory=list)
    owner: str = ""
    declared: set[str] = field(default_factory=set)  # all names that the model declares
    used: set[str] = field(default_factory=set)  # free names of the expressions read since it was cleared

    def expression(self, element: Element, text: str) -> Logic:
        """This will compile FEEL text; a syntax error becomes a fault, and null at run time."""
        label = element.get("id") or self.owner
        try:
            compiled = Expression(text, self.vocabulary)
        except (FeelSyntaxError, LimitExceeded) as problem:
            self.fault(element, problem)
            return _nothing
        code = compiled.code
        self.used |= compiled.names | compiled.maybe_names

        def run(frame: Frame) -> Any:
            state = frame.state
            notes = state.warnings
            if not notes:
                value = code(frame)
                if notes and isinstance(state, DecisionState):
                    state.trace.notes += [Note(label, warning) for warning in located(notes, text)]
                    notes.clear()
                return value
            return code(frame)

        return run

    def tests(self, element: Element, text: str) -> UnaryTests | None:
        """This will compile unary tests; a syntax error becomes a fault."""
        try:
            tests = UnaryTests(text, self.vocabulary)
        except (FeelSyntaxError, LimitExceeded) as problem:
            self.fault(element, problem)
            return None
        self.used |= tests.names | tests.maybe_names
        return tests

    def fault(self, element: Element, problem: FeelSyntaxError | LimitExceeded) -> None:
        """This will add a fault at the element's line."""
        self.faults.append(
            Fault(problem.text("zh"), element.get("id"), self.owner or None, line_of(element), "feel-syntax")
        )

    def typed(self, logic: Logic, ref: str | None) -> Logic:
        """This will fit the value of `logic` to a type; what does not fit is null."""
        if not ref:
            return logic
        kind = self.types.resolve(ref)
        if kind.name == "Any" and kind.check is None:
            return logic

        def fit(frame: Frame) -> Any:
            return coerce(logic(frame), kind, frame.state)[0]

        return fit


def _nothing(frame: Frame) -> None:
    return None


def within(frame: Frame, more: dict[str, Any]) -> Frame:
    """This will return a frame that sees `more` names besides those of `frame`."""
    root = Values(frame.root)
    root.update(more)
    return Frame({}, None, root, frame.state)


BOXES: dict[str, Callable[[Element, Reader], Logic]] = {}


def boxed(name: str) -> Callable[[Callable[[Element, Reader], Logic]], Callable[[Element, Reader], Logic]]:
    """This will register the compiler of a boxed expression."""

    def register(compiler: Callable[[Element, Reader], Logic]) -> Callable[[Element, Reader], Logic]:
        BOXES[name] = compiler
        return compiler

    return register


def compile_box(element: Element, reader: Reader) -> Logic:
    """This will compile one boxed expression."""
    return BOXES[local_name(element)](element, reader)


def find_box(element: Element | None) -> Element | None:
    """This will return the boxed expression directly inside an element."""
    return child(element, *BOXES) if element is not None else None


def _inside(element: Element, name: str, reader: Reader) -> Logic:
    box = find_box(child(element, name))
    return compile_box(box, reader) if box is not None else _nothing


@boxed("literalExpression")
def _literal(element: Element, reader: Reader) -> Logic:
    text = text_of(element)
    return reader.typed(reader.expression(element, text), type_ref(element)) if text else _nothing


@boxed("context")
def _context(element: Element, reader: Reader) -> Logic:
    entries: list[tuple[str | None, Logic]] = []
    for entry in children(element, "contextEntry"):
        variable = child(entry, "variable")
        box = find_box(entry)
        logic = compile_box(box, reader) if box is not None else _nothing
        name = variable.get("name") if variable is not None else None
        entries.append((name, reader.typed(logic, type_ref(variable))))

    def build(frame: Frame) -> Any:
        values: dict[str, Any] = {}
        inner = within(frame, {})
        for name, logic in entries:
            value = logic(inner)
            if name is None:
                return value
            values[name] = value
            inner.root[name] = value  # type: ignore[index]
        return values

    return build


@boxed("list")
def _list(element: Element, reader: Reader) -> Logic:
    items = [compile_box(each, reader) for each in children(element, *BOXES)]
    return lambda frame: [item(frame) for item in items]


@boxed("relation")
def _relation(element: Element, reader: Reader) -> Logic:
    columns = [each.get("name", "") for each in children(element, "column")]
    rows = [[compile_box(each, reader) for each in children(row, *BOXES)] for row in children(element, "row")]

    def build(frame: Frame) -> list[dict[str, Any]]:
        return [{name: cell(frame) for name, cell in zip(columns, row, strict=False)} for row in rows]

    return build


@boxed("functionDefinition")
def function_definition(element: Element, reader: Reader) -> Logic:
    """This will compile a boxed function; functions of other kinds than FEEL give null."""
    parameters = [
        (each.get("name", ""), reader.types.resolve(type_ref(each))) for each in children(element, "formalParameter")
    ]
    box = find_box(element)
    body = compile_box(box, reader) if box is not None else _nothing
    external = element.get("kind", "FEEL") != "FEEL"

    def define(frame: Frame) -> FunctionValue:
        def run(state: State, arguments: list[Any]) -> Any:
            if external:
                state.warn("external function", state.position)
                return None
            names = [name for name, _ in parameters]
            return body(within(frame, dict(zip(names, arguments, strict=True))))

        return function_value("", parameters, run)

    return define


def function_value(
    name: str, parameters: list[tuple[str, FeelType]], run: Callable[[State, list[Any]], Any]
) -> FunctionValue:
    """This will return a function value whose arguments are fitted to the parameters' types."""
    names = tuple(each for each, _ in parameters)
    return FunctionValue(name, names, run, tuple(kind for _, kind in parameters))


@boxed("invocation")
def _invocation(element: Element, reader: Reader) -> Logic:
    box = child(element, "literalExpression")
    called_text = text_of(box)
    function = reader.expression(box, called_text) if box is not None and called_text else _nothing
    bindings: list[tuple[str, Logic]] = []
    for binding in children(element, "binding"):
        parameter = child(binding, "parameter")
        inner = find_box(binding)
        logic = compile_box(inner, reader) if inner is not None else _nothing
        name = parameter.get("name", "") if parameter is not None else ""
        bindings.append((name, reader.typed(logic, type_ref(parameter))))
    names = [name for name, _ in bindings]

    def run(frame: Frame) -> Any:
        target = function(frame)
        values = [logic(frame) for _, logic in bindings]
        return call(target, values, names, frame.state, 0, called_text)

    return run


@boxed("conditional")
def _conditional(element: Element, reader: Reader) -> Logic:
    condition, yes, no = (_inside(element, name, reader) for name in ("if", "then", "else"))

    def choose(frame: Frame) -> Any:
        answer = condition(frame)
        if answer is not None and type(answer) is not bool:
            frame.state.warn("not boolean", 0, type=type_name(answer))
            return None
        return yes(frame) if answer else no(frame)

    return choose


@boxed("filter")
def _filter(element: Element, reader: Reader) -> Logic:
    source, match = _inside(element, "in", reader), _inside(element, "match", reader)

    def select(frame: Frame) -> Any:
        items = items_of(source(frame), frame.state)
        if items is None:
            return None
        kept = []
        for item in items:
            frame.state.tick()
            answer = match(within(frame, {"item": item, **(item if type(item) is dict else {})}))
            if answer is True:
                kept.append(item)
            elif type(answer) is not bool and answer is not None:
                frame.state.warn("not boolean", 0, type=type_name(answer))
                return None
        return kept

    return select


@boxed("for")
def _for(element: Element, reader: Reader) -> Logic:
    source, body = _inside(element, "in", reader), _inside(element, "return", reader)
    name = element.get("iteratorVariable", "")

    def collect(frame: Frame) -> Any:
        items = items_of(source(frame), frame.state)
        if items is None:
            return None
        results: list[Any] = []
        for item in items:
            frame.state.spend(1 + len(results))
            results.append(body(within(frame, {name: item, "partial": list(results)})))
        return results

    return collect


@boxed("some")
def _some(element: Element, reader: Reader) -> Logic:
    return _quantified(element, reader, True)


@boxed("every")
def _every(element: Element, reader: Reader) -> Logic:
    return _quantified(element, reader, False)


def _quantified(element: Element, reader: Reader, deciding: bool) -> Logic:
    source, condition = _inside(element, "in", reader), _inside(element, "satisfies", reader)
    name = element.get("iteratorVariable", "")

    def decide(frame: Frame) -> bool | None:
        items = items_of(source(frame), frame.state)
        if items is None:
            return None
        unknown = False
        for item in items:
            frame.state.tick()
            answer = condition(within(frame, {name: item}))
            if answer is deciding:
                return bool(answer)
            unknown = unknown or type(answer) is not bool
        return None if unknown else not deciding

    return decide
