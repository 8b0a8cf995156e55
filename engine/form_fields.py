"""What all values of a form have in common: where they stand, whether they are asked for, what expressions see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

import marshmallow as ma
from marshmallow.experimental.context import Context

from engine import feel
from engine.errors import BihuanError
from engine.form_texts import text

Known = Callable[[str, str, str | None], bool]
"""Tells whether a register (first) holds a code (second) on an ISO day (third; None: today)."""


@dataclass(slots=True)
class Loading:
    """One submission while it is checked: the data of the case, what expressions see, what is not looked at."""

    stored: Mapping[str, Any]
    scope: dict[str, Any]
    environment: feel.Environment
    locale: str
    known: Known | None = None
    is_strict: bool = True
    needed: frozenset[str] = frozenset()
    hidden: set[str] = field(default_factory=set)

    def resolve(self, value: Any) -> Any:
        """This will return the value of a property: that of its FEEL expression, or the literal."""
        if isinstance(value, str) and value.lstrip().startswith("="):
            try:
                return feel.parse(value.lstrip()[1:]).evaluate(self.scope, self.environment)
            except BihuanError:
                return None
        return value


class Value(ma.fields.Field[Any]):
    """A value of a form. `spec` is its form-js component, `path` says where it stands in the data."""

    empty: ClassVar[tuple[Any, ...]] = (None, "")
    needs = "required"

    def __init__(self, spec: Mapping[str, Any], path: str, label: str) -> None:
        """This will check what is sent at `path` by the component `spec`."""
        self.spec, self.path, self.label = spec, path, label
        self.rules: Mapping[str, Any] = spec.get("validate") or {}
        self.is_disabled, self.readonly = bool(spec.get("disabled")), spec.get("readonly")
        super().__init__(data_key=path.rpartition(".")[2])

    @property
    def loading(self) -> Loading:
        """This will return the submission that is being checked."""
        return cast(Loading, Context.get())

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **_: Any) -> Any:
        """This will return the cleaned value, None for an empty one, `missing` where nothing is to be stored."""
        loading = self.loading
        if self.is_disabled or self.path in loading.hidden or (self.readonly and loading.resolve(self.readonly)):
            return ma.missing
        is_absent = value is ma.missing
        value = None if is_absent else self.strip(value)
        if value in self.empty:
            if (loading.is_strict and self.is_required(loading)) or self.path in loading.needed:
                raise self.wrong(self.needs)
            return self.absent(loading) if is_absent else self.nothing(value)
        try:
            return self.clean(value, loading)
        except ma.ValidationError:
            if loading.is_strict or self.path in loading.needed:
                raise
            return ma.missing

    def is_required(self, loading: Loading) -> bool:
        """This will tell whether the value may not be empty."""
        return loading.resolve(self.rules.get("required")) is True

    def strip(self, value: Any) -> Any:
        """This will return what was sent without blanks around it."""
        return value.strip() if isinstance(value, str) else value

    def absent(self, loading: Loading) -> Any:
        """This will return what to store when nothing was sent."""
        return ma.missing

    def nothing(self, value: Any) -> Any:
        """This will return what to store when an empty value was sent."""
        return None

    def clean(self, value: Any, loading: Loading) -> Any:
        """This will return the value to store. Raises ValidationError."""
        raise NotImplementedError

    def wrong(self, key: str, **details: Any) -> ma.ValidationError:
        """This will return the error `key` in the language of the submission."""
        return ma.ValidationError(text(key, self.loading.locale, label=self.label, **details))


def value_at(data: Any, path: str) -> Any:
    """This will return what stands at a dotted path of the data, or None."""
    for name in path.split("."):
        data = data.get(name) if isinstance(data, Mapping) else None
    return data


def put_at(data: dict[str, Any], path: str, value: Any) -> None:
    """This will put a value at a dotted path of the data; what lies on the way is copied, never changed."""
    *way, last = path.split(".")
    for name in way:
        inner = data.get(name)
        data[name] = dict(inner) if isinstance(inner, Mapping) else {}
        data = data[name]
    data[last] = value
