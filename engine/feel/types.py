"""Types of FEEL (DMN 1.5, 10.3.2.9): what a value is an instance of, and how a value is fitted to a type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .environment import State
from .temporal import Date, DateTime, Time
from .values import TYPE_OF, FunctionValue, Range, type_name

SIMPLE = frozenset(TYPE_OF.values()) | {"Any"}
_PYTHON_OF = {name: kind for kind, name in TYPE_OF.items()}
_SCALARS = {name: kind for name, kind in _PYTHON_OF.items() if name not in ("list", "context", "range", "function")}


@dataclass(slots=True, eq=False)
class FeelType:
    """A type: a simple name, or `list`, `context`, `range`, `function` with what they hold.

    `check` is a test for allowed values that a decision model adds; it answers for one value.
    """

    name: str
    item: FeelType | None = None
    fields: dict[str, FeelType] | None = None
    parameters: list[FeelType] | None = None
    result: FeelType | None = None
    check: Callable[[Any], bool] | None = field(default=None, repr=False)
    base: FeelType | None = None

    def __str__(self) -> str:
        if self.name in ("list", "range") and self.item:
            return f"{self.name}<{self.item}>"
        return self.name


ANY = FeelType("Any")


def conforms(value: Any, type_: FeelType, state: State, checked: bool = True) -> bool:
    """This will be true for a value of the type; null only belongs to Null.

    Allowed values count if `checked`; `instance of` does not look at them. Raises LimitExceeded.
    """
    state.tick()
    if value is None:
        return type_.name == "Null"
    if checked and type_.base is not None and not conforms(value, type_.base, state):
        return False
    if not _has_kind(value, type_, state, checked):
        return False
    return not checked or type_.check is None or type_.check(value)


def _has_kind(value: Any, type_: FeelType, state: State, checked: bool) -> bool:
    name = type_.name
    if name == "Any":
        return True
    if name == "list":
        item = type_.item
        return type(value) is list and (item is None or all(_fits(each, item, state, checked) for each in value))
    if name == "context":
        return type(value) is dict and _fields_conform(value, type_.fields, state, checked)
    if name == "range":
        return type(value) is Range and _range_conforms(value, type_.item, state)
    if name == "function":
        return type(value) is FunctionValue and _function_conforms(value, type_)
    return type(value) is _PYTHON_OF.get(name)


def _fits(value: Any, item: FeelType, state: State, checked: bool) -> bool:
    return value is None or conforms(value, item, state, checked)


def _fields_conform(value: dict[str, Any], fields: dict[str, FeelType] | None, state: State, checked: bool) -> bool:
    if fields is None:
        return True
    return all(key in value and _fits(value[key], kind, state, checked) for key, kind in fields.items())


def _range_conforms(value: Range, item: FeelType | None, state: State) -> bool:
    if item is None:
        return True
    ends = [end for end in (value.start, value.end) if end is not None]
    return bool(ends) and all(conforms(end, item, state) for end in ends)


def _function_conforms(value: FunctionValue, type_: FeelType) -> bool:
    if type_.parameters is None:
        return True
    if len(value.parameters) != len(type_.parameters):
        return False
    for own, wanted in zip(value.types or (None,) * len(value.parameters), type_.parameters, strict=True):
        if own is not None and not subtype(wanted, own):
            return False
    return value.result_type is None or type_.result is None or subtype(value.result_type, type_.result)


def subtype(one: FeelType, other: FeelType) -> bool:
    """This will be true if each value of `one` is a value of `other` (DMN 1.5, 10.3.2.9.2)."""
    if other.name == "Any" or one.name == "Null":
        return True
    if one.name != other.name:
        return False
    if one.name in ("list", "range"):
        return subtype(one.item or ANY, other.item or ANY)
    if one.name == "context":
        own = one.fields or {}
        return all(key in own and subtype(own[key], kind) for key, kind in (other.fields or {}).items())
    if one.name == "function" and one.parameters is not None and other.parameters is not None:
        return (
            len(one.parameters) == len(other.parameters)
            and all(subtype(b, a) for a, b in zip(one.parameters, other.parameters, strict=True))
            and subtype(one.result or ANY, other.result or ANY)
        )
    return True


def coerce(value: Any, type_: FeelType, state: State) -> tuple[Any, bool]:
    """This will fit a value to a type by the implicit conversions of DMN 1.5, 10.3.2.9.4; False if it does not fit."""
    if value is None or (type(value) is _SCALARS.get(type_.name) and type_.check is None):
        return value, True
    if conforms(value, type_, state):
        return value, True
    if type_.name == "list" and type(value) is not list:
        wrapped, fits = coerce(value, type_.item or ANY, state)
        return ([wrapped], True) if fits and conforms([wrapped], type_, state) else (None, False)
    if type(value) is list and len(value) == 1 and type_.name != "list":
        return coerce(value[0], type_, state)
    if type(value) is Date and type_.name == "date and time":
        moment = DateTime(value, Time(0, 0))
        return (moment, True) if conforms(moment, type_, state) else (None, False)
    if type(value) is list and type_.name == "list" and type_.item is not None:
        return _coerce_items(value, type_, state)
    if type(value) is dict and type_.name == "context" and type_.fields:
        return _coerce_fields(value, type_, state)
    return None, False


def _coerce_items(value: list[Any], type_: FeelType, state: State) -> tuple[Any, bool]:
    pairs = [coerce(item, type_.item or ANY, state) for item in value]
    items = [item for item, _ in pairs]
    if all(fits for _, fits in pairs) and conforms(items, type_, state):
        return items, True
    return None, False


def _coerce_fields(value: dict[str, Any], type_: FeelType, state: State) -> tuple[Any, bool]:
    # data may leave entries out: they are null, although `instance of` would insist on them
    fitted = dict(value)
    for key, kind in (type_.fields or {}).items():
        fitted[key], fits = coerce(value.get(key), kind, state)
        if not fits:
            return None, False
    return (fitted, True) if conforms(fitted, type_, state) else (None, False)


__all__ = ["ANY", "SIMPLE", "FeelType", "coerce", "conforms", "subtype", "type_name"]
