"""Reads the values of a diagram: what is FEEL is parsed at once, every fault kept with its element."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

from engine import feel
from engine.bpmn.faults import DiagramFault, fault
from engine.bpmn.process import Use, Value
from engine.bpmn.source import Deadline, line_of

# Camunda's rule [a-zA-Z_]\w* widened to every letter: officials name variables in Chinese.
TARGET = re.compile(r"[^\W\d][\w]*(\.[^\W\d][\w]*)*", re.UNICODE)
KEYWORDS = frozenset(
    [
        "null",
        "true",
        "false",
        "function",
        "if",
        "then",
        "else",
        "for",
        "between",
        "instance",
        "of",
        "some",
        "every",
        "satisfies",
        "in",
        "return",
    ]
)


def is_target(text: str) -> bool:
    """This will tell whether `text` may be written to: names joined by dots, no FEEL keyword among them."""
    return bool(TARGET.fullmatch(text)) and not KEYWORDS & set(text.split("."))


@dataclass(slots=True)
class Place:
    """The element whose values are read."""

    id: str
    name: str
    line: int | None


def place_of(element: etree._Element, name: str = "") -> Place:
    """This will name the place that faults of `element` are told at."""
    return Place(element.get("id") or "", element.get("name") or name, line_of(element))


@dataclass(slots=True)
class Values:
    """Collects the FEEL of one process and the faults of all values read."""

    deadline: Deadline
    strict: bool = True
    faults: list[DiagramFault] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)

    def refuse(self, place: Place, code: str, /, **details: object) -> None:
        """This will note the fault `code` at `place`."""
        self.faults.append(fault(code, place.id, place.name, place.line, **details))

    def read(self, text: str | None, place: Place, what: str) -> Value | None:
        """This will read a value that may be literal or FEEL; None when it is empty."""
        text = (text or "").strip()
        if not text:
            return None
        if len(text) > 1 and text.startswith("="):
            return self._feel(text, text[1:], place, what)
        return Value(text)

    def require_feel(self, text: str | None, place: Place, what: str) -> Value | None:
        """This will read a value that must be FEEL."""
        known = len(self.faults)
        value = self.read(text, place, what)
        if value is not None and value.feel is None and len(self.faults) == known:
            code = "condition-static" if what == "condition" else "expression-required"
            self.refuse(place, code, text=value.text, place=what)
        return value

    def literal(self, text: str | None) -> Value | None:
        """This will read a value that is always literal."""
        return Value(text) if text else None

    def name(self, text: str | None, place: Place) -> str | None:
        """This will read the name or path of a variable."""
        text = (text or "").strip()
        if not text:
            return None
        if not is_target(text):
            self.refuse(place, "mapping-target", text=text)
        return text

    def _feel(self, text: str, body: str, place: Place, what: str) -> Value:
        self.deadline.check()
        try:
            expression = feel.parse(body)
        except (feel.FeelSyntaxError, feel.LimitExceeded) as error:
            self.refuse(place, "expression-invalid", place=what, problem=error)
            return Value(text)
        self.uses.append(Use(place.id, place.name, what, expression))
        return Value(text, expression)
