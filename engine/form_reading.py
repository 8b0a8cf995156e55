"""Reads form-js JSON into fields, outcomes and checks, and finds everything that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import re2

from engine import feel
from engine.errors import BihuanError, Fault, FaultsFound
from engine.form_kinds import KINDS
from engine.form_texts import text

SILENT = frozenset(["table", "text", "html", "separator", "spacer", "image", "iframe", "button", "documentPreview"])
CHOICES = frozenset(["radio", "select", "checklist", "taglist"])
MAX_DEPTH = 8
_NAME = r"[^\W\d]\w*"
_PATH = re.compile(rf"{_NAME}(\.{_NAME})*")
_FEEL_RULES = ("min", "max", "step", "minLength", "maxLength", "minRows", "maxRows", "required")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A button of a form: `value` is stored, `requires` must be filled, `validates` whether the rest is checked."""

    value: str
    label: str
    style: str = "secondary"
    is_main: bool = False
    validates: bool = True
    requires: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FormField:
    """A value that a form asks for. `hides` are FEEL conditions, its own and those of the groups around it."""

    path: str
    label: str
    type: str
    spec: Mapping[str, Any]
    hides: tuple[str, ...] = ()
    fields: tuple[FormField, ...] = ()

    @property
    def is_required(self) -> bool:
        """This will tell whether the value may not be empty when it is visible."""
        return (self.spec.get("validate") or {}).get("required") is True

    @property
    def holds_files(self) -> bool:
        """This will tell whether files are attached to it, or to the fields of its rows."""
        return self.type == "filepicker" or any(each.holds_files for each in self.fields)

    def choice_label(self, value: Any) -> str:
        """This will return the label of a static choice, or the value as text."""
        for each in self.spec.get("values") or ():
            if isinstance(each, dict) and each.get("value") == value:
                return str(each.get("label", value))
        return str(value)

    def display(self, value: Any, locale: str = "zh") -> str:
        """This will return the value as people read it; rows and files give their number."""
        if value is None or value == "":
            return ""
        if isinstance(value, bool):
            return text("yes" if value else "no", locale)
        if self.type in ("dynamiclist", "filepicker"):
            return str(len(value))
        if self.type == "datetime" and self.spec.get("subtype") == "datetime":
            return str(value)[:16].replace("T", " ")
        if isinstance(value, list):
            return ("、" if locale.startswith("zh") else ", ").join(self.choice_label(each) for each in value)
        if isinstance(value, dict):
            return ", ".join(str(each) for each in value.values())
        return self.choice_label(value)


@dataclass(frozen=True, slots=True)
class FormCheck:
    """A FEEL condition over form and case that must be true; `message` is shown at the field `path`."""

    path: str
    condition: str
    message: str
    outcomes: tuple[str, ...] = ()


def read(schema: Any) -> tuple[tuple[FormField, ...], tuple[Outcome, ...], tuple[FormCheck, ...]]:
    """This will return fields, outcomes and checks of a form. Raises FaultsFound with all faults at once."""
    if not isinstance(schema, Mapping) or not isinstance(schema.get("components"), list):
        raise FaultsFound([Fault("a form is an object with a list of components", code="form-shape")])
    reading = _Reading()
    if not isinstance(schema.get("id"), str) or not schema["id"]:
        reading.fault("the form has no id", "form-id")
    fields = tuple(reading.fields(schema["components"], "", ()))
    paths = {each.path for each in fields}
    outcomes = tuple(reading.outcomes(schema.get("outcomes") or [], paths))
    checks = tuple(reading.checks(schema.get("checks") or [], paths, {each.value for each in outcomes}))
    if reading.faults:
        raise FaultsFound(reading.faults)
    return fields, outcomes, checks


class _Reading:
    """Walks through the components and gathers faults."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.depth = 0

    def fault(self, reason: str, code: str, spec: Mapping[str, Any] | None = None) -> None:
        spec = spec or {}
        name = spec.get("label") or spec.get("key") or spec.get("path")
        self.faults.append(Fault(reason, element=spec.get("id"), name=name and str(name), code=code))

    def fields(self, components: Any, prefix: str, hides: tuple[str, ...]) -> Iterator[FormField]:
        """This will yield the fields of one scope; groups are opened, lists keep their own scope."""
        self.depth += 1
        seen: set[str] = set()
        if self.depth > MAX_DEPTH:
            self.fault(f"groups and lists are nested more than {MAX_DEPTH} deep", "form-depth")
            components = []
        for spec in components if isinstance(components, list) else []:
            for each in self.field(spec, prefix, hides) if isinstance(spec, Mapping) else ():
                clash = next((path for path in seen if _overlaps(path, each.path)), None)
                if clash is not None:
                    self.fault(f"two fields write to {clash}", "form-twice", each.spec)
                else:
                    seen.add(each.path)
                    yield each
        self.depth -= 1

    def field(self, spec: Mapping[str, Any], prefix: str, hides: tuple[str, ...]) -> Iterator[FormField]:
        """This will yield the fields that one component makes: none, one, or those of a group."""
        kind = spec.get("type")
        hide = (spec.get("conditional") or {}).get("hide")
        if hide:
            self.expression(hide, spec)
            hides = (*hides, hide)
        if kind == "group":
            way = self.path(prefix, spec.get("path"), spec) if spec.get("path") else prefix
            yield from self.fields(spec.get("components"), way, hides)
        elif kind == "dynamiclist":
            self.rules(spec)
            path = self.path(prefix, spec.get("path"), spec)
            inner = tuple(self.fields(spec.get("components"), "", ()))
            yield FormField(path, str(spec.get("label") or path), "dynamiclist", spec, hides, inner)
        elif kind in KINDS:
            self.rules(spec)
            path = self.path(prefix, spec.get("key"), spec)
            yield FormField(path, str(spec.get("label") or path), str(kind), spec, hides)
        elif kind not in SILENT:
            self.fault(f"{kind} is not a type of field", "form-type", spec)

    def path(self, prefix: str, key: Any, spec: Mapping[str, Any]) -> str:
        """This will return where a component writes."""
        if not isinstance(key, str) or not _PATH.fullmatch(key):
            self.fault(f"{key!r} is not a name of data", "form-key", spec)
            key = f"_{len(self.faults)}"
        return f"{prefix}.{key}" if prefix else key

    def rules(self, spec: Mapping[str, Any]) -> None:
        """This will look at the expressions, pattern and choices of a component."""
        rules = spec.get("validate") or {}
        for value in [spec.get("readonly"), spec.get("decimalDigits"), *(rules.get(rule) for rule in _FEEL_RULES)]:
            if isinstance(value, str) and value.lstrip().startswith("="):
                self.expression(value, spec)
        if rules.get("pattern"):
            try:
                re2.compile(rules["pattern"])
            except re2.error as error:
                self.fault(f"the pattern is not a regular expression of RE2: {error}", "form-pattern", spec)
        if spec.get("type") == "expression":
            self.expression(spec.get("expression"), spec)
        if spec.get("type") in CHOICES and not any(
            spec.get(name) for name in ("values", "valuesKey", "valuesExpression")
        ):
            self.fault("the field has no choices", "form-choices", spec)
        if spec.get("valuesExpression"):
            self.expression(spec["valuesExpression"], spec)
        if spec.get("type") == "register" and not spec.get("register"):
            self.fault("the field names no register", "form-register", spec)

    def expression(self, text: Any, spec: Mapping[str, Any]) -> None:
        """This will look at a FEEL expression."""
        if not isinstance(text, str) or not text.lstrip().startswith("="):
            self.fault(f"{text!r} is not a FEEL expression: it must begin with =", "form-feel", spec)
            return
        try:
            feel.parse(text.lstrip()[1:])
        except BihuanError as error:
            self.fault(f"{text}: {error}", "form-feel", spec)

    def outcomes(self, outcomes: Any, paths: set[str]) -> Iterator[Outcome]:
        """This will yield the buttons of the form."""
        seen: set[str] = set()
        for spec in outcomes if isinstance(outcomes, list) else []:
            value = spec.get("value") if isinstance(spec, Mapping) else None
            if not isinstance(value, str) or not value or value in seen:
                self.fault(f"each outcome needs a value of its own, not {value!r}", "form-outcome")
                continue
            seen.add(value)
            requires = tuple(spec.get("requires") or ())
            for missing in sorted(set(requires) - paths):
                self.fault(f"outcome {value} requires {missing}, which the form does not ask", "form-outcome")
            yield Outcome(
                value=value,
                label=str(spec.get("label") or value),
                style=str(spec.get("style") or "secondary"),
                is_main=bool(spec.get("main")),
                validates=spec.get("validate") is not False,
                requires=requires,
            )

    def checks(self, checks: Any, paths: set[str], outcomes: set[str]) -> Iterator[FormCheck]:
        """This will yield the conditions over several fields."""
        for spec in checks if isinstance(checks, list) else []:
            path, message = spec.get("field"), spec.get("message")
            if path not in paths or not message:
                self.fault("each check needs a field of the form and a message", "form-check", {"key": path})
            self.expression(spec.get("condition"), {"key": path})
            only = tuple(spec.get("outcomes") or ())
            for missing in sorted(set(only) - outcomes):
                self.fault(f"a check is for outcome {missing}, which the form does not have", "form-check")
            yield FormCheck(str(path), str(spec.get("condition")), str(message), only)


def _overlaps(path: str, other: str) -> bool:
    return path == other or path.startswith(f"{other}.") or other.startswith(f"{path}.")
