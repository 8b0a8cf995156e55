"""Item definitions as FEEL types, with their allowed values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from engine.errors import Fault
from engine.feel import Environment, FeelSyntaxError, LimitExceeded
from engine.feel.cursor import Vocabulary
from engine.feel.expression import UnaryTests
from engine.feel.types import ANY, SIMPLE, FeelType

from .xmltree import Element, child, children, line_of, text_of, type_ref

_ALIASES = {
    "dateTime": "date and time",
    "dateAndTime": "date and time",
    "dayTimeDuration": "days and time duration",
    "yearMonthDuration": "years and months duration",
    "any": "Any",
}
_NAMED = {name: FeelType(name) for name in SIMPLE} | {"Any": ANY}
_SIMPLE = _NAMED | {alias: _NAMED[name] for alias, name in _ALIASES.items()}
# allowed values are compared with constants: the clock does not matter
_TIMELESS = Environment(datetime(2000, 1, 1, tzinfo=UTC))


class ItemTypes:
    """The types of one model; `resolve` finds them by the names that a typeRef may use."""

    def __init__(self, root: Element, imported: Mapping[str, ItemTypes], vocabulary: Vocabulary) -> None:
        self._definitions = {each.get("name", ""): each for each in children(root, "itemDefinition")}
        self._imported = imported
        self._vocabulary = vocabulary
        self._known: dict[str, FeelType] = {}
        self.faults: list[Fault] = []
        for name in self._definitions:
            self.resolve(name)

    def all(self) -> dict[str, FeelType]:
        """This will return the types by the names that FEEL may use, those of imports as `import.name`."""
        found = {name: kind for name, kind in self._known.items() if name}
        for prefix, types in self._imported.items():
            found.update({f"{prefix}.{name}": kind for name, kind in types.all().items() if "." not in name})
        return found

    def resolve(self, ref: str | None) -> FeelType:
        """This will return the type of a typeRef; unknown ones are Any."""
        if not ref:
            return ANY
        if ref in self._known:
            return self._known[ref]
        if ref in self._definitions:
            return self._define(ref)
        if ref in _SIMPLE:
            return _SIMPLE[ref]
        for separator in (":", "."):
            prefix, found, name = ref.partition(separator)
            if not found:
                continue
            if prefix in self._imported:
                return self._imported[prefix].resolve(name)
            if name in self._definitions or name in _SIMPLE or name in self._known:
                return self.resolve(name)
        return ANY

    def _define(self, name: str) -> FeelType:
        # known before it is complete: a type may contain itself
        kind = self._known[name] = FeelType("Any")
        built = self._build(self._definitions[name])
        for slot in ("name", "item", "fields", "parameters", "result", "check", "base"):
            setattr(kind, slot, getattr(built, slot))
        return kind

    def _build(self, element: Element) -> FeelType:
        components = list(children(element, "itemComponent"))
        function = child(element, "functionItem")
        if components:
            fields = {each.get("name", ""): self._build(each) for each in components}
            kind = FeelType("context", fields=fields)
        elif function is not None:
            parameters = [self.resolve(type_ref(each)) for each in children(function, "parameters")]
            kind = FeelType("function", parameters=parameters, result=self.resolve(function.get("outputTypeRef")))
        else:
            kind = self.resolve(type_ref(element))
        kind = self._constrained(element, kind, "allowedValues")
        if element.get("isCollection") == "true":
            kind = FeelType("list", item=kind)
        return self._constrained(element, kind, "typeConstraint")

    def _constrained(self, element: Element, base: FeelType, tag: str) -> FeelType:
        tests = child(element, tag)
        text = text_of(tests)
        if tests is None or not text:
            return base
        try:
            check = self._check(text)
        except (FeelSyntaxError, LimitExceeded) as problem:
            self.faults.append(
                Fault(problem.text("zh"), element.get("id"), element.get("name"), line_of(tests), "feel-syntax")
            )
            return base
        # a type with its own values keeps the kind of its base, so that conversions work alike
        return FeelType(base.name, base.item, base.fields, base.parameters, base.result, check, base)

    def _check(self, text: str) -> Callable[[Any], bool]:
        tests = UnaryTests(text, self._vocabulary)
        return lambda value: tests.matches(value, {}, _TIMELESS) is True
