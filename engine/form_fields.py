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
    gathers: bool = False  # all faults are wanted, not only the first one
    hidden: set[str] = field(default_factory=set)

    def resolve(self, written: Any) -> Any:
        """This will return the value of a property that was `compiled`: that of its FEEL expression, or the literal."""
        if type(written) is feel.Expression:
            try:
                return written.evaluate(self.scope, self.environment)
            except BihuanError:
                return None
        return written


def compiled(written: Any) -> Any:
    """This will return the FEEL expression of a property that begins with "=" (None: it is none), else the literal."""
    if isinstance(written, str) and written.lstrip().startswith("="):
        try:
            return feel.parse(written.lstrip()[1:])
        except BihuanError:
            return None
    return written


class Value(ma.fields.Field[Any]):
    """A value of a form. `spec` is its form-js component, `path` says where it stands in the data."""

    empty: ClassVar[tuple[Any, ...]] = (None, "")
    needs = "required"

    def __init__(self, spec: Mapping[str, Any], path: str, label: str) -> None:
        """This will check what is sent at `path` by the component `spec`."""
        self.spec, self.path, self.label = spec, path, label
        self.rules: Mapping[str, Any] = spec.get("validate") or {}
        self.asked, self.readonly = compiled(self.rules.get("required")), compiled(spec.get("readonly"))
        self.is_disabled = bool(spec.get("disabled"))
        super().__init__(data_key=path.rpartition(".")[2])

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **_: Any) -> Any:
        """This will return what `accept` returns, in the submission that marshmallow is loading."""
        return self.accept(value, cast(Loading, Context.get()))

    def accept(self, value: Any, loading: Loading) -> Any:
        """This will return the cleaned value, None for an empty one, `missing` where nothing is to be stored.

        Raises ValidationError.
        """
        if self.is_disabled or self.path in loading.hidden or (self.readonly and loading.resolve(self.readonly)):
            return ma.missing
        is_absent = value is ma.missing
        if is_absent:
            value = None
        elif isinstance(value, str):
            value = value.strip()
        if value in self.empty:
            if (loading.is_strict and self.is_required(loading)) or self.path in loading.needed:
                raise self.wrong(self.needs, loading)
            return self.absent(loading) if is_absent else self.nothing(value)
        try:
            return self.clean(value, loading)
        except ma.ValidationError:
            if loading.is_strict or self.path in loading.needed:
                raise
            return ma.missing

    def is_required(self, loading: Loading) -> bool:
        """This will tell whether the value may not be empty."""
        return self.asked is True or loading.resolve(self.asked) is True

    def absent(self, loading: Loading) -> Any:
        """This will return what to store when nothing was sent."""
        return ma.missing

    def nothing(self, value: Any) -> Any:
        """This will return what to store when an empty value was sent."""
        return None

    def clean(self, value: Any, loading: Loading) -> Any:
        """This will return the value to store. Raises ValidationError."""
        raise NotImplementedError

    def wrong(self, key: str, loading: Loading, **details: Any) -> ma.ValidationError:
        """This will return the error `key` in the language of the submission."""
        return ma.ValidationError(text(key, loading.locale, label=self.label, **details))


class Level(ma.Schema):
    """The values of one level of the data, each a field of marshmallow; groups with a path are levels below it."""

    def __init__(self, **options: Any) -> None:
        """This will be called by `level`."""
        super().__init__(**options)
        self.accepting: list[tuple[str, Callable[[Any, Loading], Any]]] = []

    def accept(self, sent: Any, loading: Loading) -> dict[str, Any]:
        """This will return what `load` returns, but raise the first ValidationError, and so without keeping account."""
        if not isinstance(sent, Mapping):
            sent = {}
        found = {}
        for name, accept in self.accepting:
            value = accept(sent.get(name, ma.missing), loading)
            if value is not ma.missing:
                found[name] = value
        return found


def level(tree: Mapping[str, Any]) -> Level:
    """This will make one schema a level; attributes are numbered, as a key may be any name, even one of Schema's."""
    fields: dict[str, ma.fields.Field[Any]] = {}
    accepting: list[tuple[str, Callable[[Any, Loading], Any]]] = []
    for number, (name, inner) in enumerate(tree.items()):
        if isinstance(inner, dict):
            below = level(inner)
            accepting.append((name, below.accept))
            each: ma.fields.Field[Any] = ma.fields.Nested(below, data_key=name)
        else:
            accepting.append((name, inner.accept))
            each = inner
        each.attribute = name
        fields[f"value_{number}"] = each
    made = cast(type[Level], Level.from_dict(cast(Any, fields)))(unknown=ma.EXCLUDE)
    made.accepting = accepting
    return made


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
