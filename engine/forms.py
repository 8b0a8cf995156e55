"""Forms: form-js JSON becomes marshmallow schemas that check on the server what the browser sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, cast

import marshmallow as ma
from marshmallow.experimental.context import Context

from engine import feel
from engine.errors import Invalid
from engine.form_fields import Known, Loading, Value, compiled, level, put_at, value_at
from engine.form_kinds import KINDS
from engine.form_reading import FormCheck, Outcome, read
from engine.form_reading import FormField as FormField
from engine.form_texts import text

MAX_ROWS = 200


class FormInvalid(Invalid):
    """The form has {count} faults."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        """This will carry the sentences for people by path: `{"整改资金": [...], "问题清单.0.依据": [...]}`."""
        self.errors = errors
        super().__init__(count=sum(map(len, errors.values())))

    def __str__(self) -> str:
        return "; ".join(sentence for sentences in self.errors.values() for sentence in sentences)


class Layout:
    """The fields of one scope (a form, or a row of a list) and the schema that checks them."""

    def __init__(self, fields: tuple[FormField, ...]) -> None:
        """This will build the schema of `fields`."""
        self.fields = fields
        tree: dict[str, Any] = {}
        for each in fields:
            kind = Rows(each) if each.type == "dynamiclist" else KINDS[each.type](each.spec, each.path, each.label)
            put_at(tree, each.path, kind)
        self.level = level(tree)
        self._hiding: dict[tuple[Any, ...], set[str]] = {}
        for each in fields:
            if each.hides:
                self._hiding.setdefault(tuple(map(compiled, each.hides)), set()).add(each.path)
        # a disabled field is never looked at as it was sent
        self._seen = [
            (each.path, "." in each.path, compiled(each.spec.get("readonly")), _keeps_rows(each))
            for each in fields
            if not each.spec.get("disabled")
        ]

    def load(self, sent: Mapping[str, Any], loading: Loading) -> dict[str, Any]:
        """This will return the cleaned values. Raises marshmallow's ValidationError, with the first fault or all."""
        self.hide(sent, loading)
        return self.gather(sent, loading) if loading.gathers else self.level.accept(sent, loading)

    def gather(self, sent: Mapping[str, Any], loading: Loading) -> dict[str, Any]:
        """This will return the cleaned values too, or raise a ValidationError with all faults at once."""
        loading.gathers = True
        shaped: dict[str, Any] = {}
        for each in self.fields:
            way, _, last = each.path.rpartition(".")
            holder = value_at(sent, way) if way else sent
            if isinstance(holder, Mapping) and last in holder:
                put_at(shaped, each.path, holder[last])
            elif way:
                put_at(shaped, way, value_at(shaped, way) or {})
        with Context(loading):
            return cast(dict[str, Any], self.level.load(shaped))

    def hide(self, sent: Mapping[str, Any], loading: Loading) -> None:
        """This will find the hidden fields: a hidden field's value is not seen by the conditions of the others."""
        if not self._hiding:
            self._show(sent, loading)
            return
        base = loading.scope
        for _ in range(len(self.fields) + 1):
            loading.scope = dict(base)
            self._show(sent, loading)
            hidden: set[str] = set()
            for hides, paths in self._hiding.items():
                if any(loading.resolve(hide) is True for hide in hides):
                    hidden |= paths
            if hidden == loading.hidden:
                return
            loading.hidden = hidden

    def _show(self, sent: Mapping[str, Any], loading: Loading) -> None:
        scope = loading.scope
        for path, is_deep, readonly, keeps_rows in self._seen:
            if path in loading.hidden or (readonly is not None and loading.resolve(readonly) is True):
                continue
            value = value_at(sent, path) if is_deep else sent.get(path)
            if value is None and keeps_rows:  # a list that may not be shortened does not vanish because it was not sent
                continue
            if is_deep:
                put_at(scope, path, value)
            else:
                scope[path] = value


class Rows(Value):
    """A list of rows, each with the same fields (form-js dynamiclist)."""

    empty = (None, "", [])

    def __init__(self, shown: FormField) -> None:
        """This will check each row by the fields of the list."""
        super().__init__(shown.spec, shown.path, shown.label)
        self.layout = Layout(shown.fields)
        self.is_fixed = _keeps_rows(shown)
        self.least, self.most = compiled(self.rules.get("minRows")), compiled(self.rules.get("maxRows"))

    def is_required(self, loading: Loading) -> bool:
        """This will tell whether there must be a row; the rows of a list without add and remove must all come back."""
        least = int(loading.resolve(self.least) or 0)
        return (
            super().is_required(loading) or least > 0 or (self.is_fixed and bool(value_at(loading.stored, self.path)))
        )

    def nothing(self, value: Any) -> list[Any]:
        """This will return an empty list."""
        return []

    def clean(self, value: Any, loading: Loading) -> list[dict[str, Any]]:
        """This will return the rows without the wholly empty ones."""
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise self.wrong("not_rows", loading)
        rows = list(enumerate(value))
        if not self.is_fixed:
            rows = [
                (index, row) for index, row in rows if any(each not in (None, "", [], False) for each in row.values())
            ]
        self.check_count(len(rows), loading)
        cleaned, errors = [], {}
        for index, row in rows:
            try:
                cleaned.append(self.row(index, row, loading))
            except ma.ValidationError as error:
                if not loading.gathers:
                    raise
                errors[index] = error.messages
        if errors:
            raise ma.ValidationError(cast(Any, errors))
        return cleaned

    def check_count(self, count: int, loading: Loading) -> None:
        """This will refuse too few or too many rows; a list without add and remove keeps its number."""
        least = int(loading.resolve(self.least) or (1 if super().is_required(loading) else 0))
        most = int(loading.resolve(self.most) or MAX_ROWS)
        if self.is_fixed:
            stored = value_at(loading.stored, self.path)
            least = most = len(stored) if isinstance(stored, list) else int(self.spec.get("defaultRepetitions", 1))
        if count < least and loading.is_strict:
            raise self.wrong("min_rows", loading, limit=least)
        if count > most:
            raise self.wrong("max_rows", loading, limit=most)

    def row(self, index: int, row: dict[str, Any], loading: Loading) -> dict[str, Any]:
        """This will return one cleaned row; in a fixed list, what the form does not ask stays as it was stored."""
        stored = value_at(loading.stored, self.path) if self.is_fixed else None
        before = stored[index] if isinstance(stored, list) and index < len(stored) else {}
        names = {"this": row, "parent": loading.scope, "i": index + 1}
        inner = Loading(
            stored=before,
            scope={**loading.scope, **before, **names},
            environment=loading.environment,
            locale=loading.locale,
            known=loading.known,
            is_strict=loading.is_strict,
            gathers=loading.gathers,
        )
        return {**before, **self.layout.load(row, inner)}


class Form:
    """A form: what it asks, which outcomes it has, and how what was sent is checked."""

    def __init__(
        self,
        schema: Mapping[str, Any],
        fields: tuple[FormField, ...],
        outcomes: tuple[Outcome, ...],
        checks: tuple[FormCheck, ...],
    ) -> None:
        """This will be called by `parse`."""
        self.id: str = schema["id"]
        self.schema = schema
        self.fields = fields
        self.holders = tuple(each for each in fields if each.holds_files)
        self.outcomes = outcomes
        self.checks = checks

    @cached_property
    def _layout(self) -> Layout:  # pages that only show a form do not pay for the schemas that check it
        return Layout(self.fields)

    @cached_property
    def _conditions(self) -> list[tuple[FormCheck, Any]]:
        return [(each, compiled(each.condition)) for each in self.checks]

    @property
    def names(self) -> frozenset[str]:
        """This will return the names of the case data that the form fills."""
        return frozenset(each.path.partition(".")[0] for each in self.fields)

    def load(
        self,
        data: Any,
        *,
        outcome: str | None = None,
        locale: str = "zh",
        case: Mapping[str, Any] | None = None,
        environment: feel.Environment | None = None,
        known: Known | None = None,
    ) -> dict[str, Any]:
        """This will return what is to be merged into the case data; raises FormInvalid with all faults at once.

        `case` is the case data that expressions and read-only fields look at; `known` tells which codes a register has.
        """
        chosen = self._chosen(outcome, locale)
        if not isinstance(data, Mapping):
            raise FormInvalid({"": [text("not_form", locale)]})
        case = case or {}
        loading = Loading(
            stored=case,
            scope={**case, "outcome": outcome},
            environment=environment or feel.Environment(now=datetime.now(UTC)),
            locale=locale,
            known=known,
            is_strict=chosen is None or chosen.validates,
            needed=frozenset(chosen.requires if chosen else ()),
        )
        result = self._cleaned(data, loading)
        for name, value in result.items():
            if isinstance(value, dict):
                result[name] = _laid_over(case.get(name), value)
        if self.checks:
            self._check(result, loading, outcome)
        return result

    def _cleaned(self, data: Mapping[str, Any], loading: Loading) -> dict[str, Any]:
        try:
            return self._layout.load(data, loading)
        except ma.ValidationError:
            pass  # most submissions have no fault: only now is it worth the account that marshmallow keeps of all
        try:
            return self._layout.gather(data, loading)
        except ma.ValidationError as error:
            raise FormInvalid(dict(_flatten(error.messages))) from None

    def _chosen(self, outcome: str | None, locale: str) -> Outcome | None:
        if outcome is None and not self.outcomes:
            return None
        if outcome is None:
            choices = ("、" if locale.startswith("zh") else ", ").join(each.label for each in self.outcomes)
            raise FormInvalid({"outcome": [text("no_outcome", locale, choices=choices)]})
        for each in self.outcomes:
            if each.value == outcome:
                return each
        raise FormInvalid({"outcome": [text("unknown_outcome", locale, value=str(outcome)[:40])]})

    def _check(self, result: dict[str, Any], loading: Loading, outcome: str | None) -> None:
        loading.scope = {**loading.scope, **result}
        errors: dict[str, list[str]] = {}
        for check, condition in self._conditions:
            applies = outcome in check.outcomes if check.outcomes else loading.is_strict
            if applies and check.path not in loading.hidden and loading.resolve(condition) is not True:
                errors.setdefault(check.path, []).append(check.message)
        if errors:
            raise FormInvalid(errors)


def parse(schema: Mapping[str, Any]) -> Form:
    """This will read the form-js JSON `schema`. Raises FaultsFound with everything that is wrong with it."""
    return Form(schema, *read(schema))


def _keeps_rows(field: FormField) -> bool:
    return field.type == "dynamiclist" and field.spec.get("allowAddRemove") is False


def _laid_over(stored: Any, value: Any) -> Any:
    if isinstance(value, dict) and isinstance(stored, Mapping):
        return {**stored, **{name: _laid_over(stored.get(name), inner) for name, inner in value.items()}}
    return value


def _flatten(messages: Any, path: str = "") -> Iterator[tuple[str, list[str]]]:
    if isinstance(messages, dict):
        for name, inner in messages.items():
            yield from _flatten(inner, f"{path}.{name}" if path else str(name))
    else:
        yield path, [str(each) for each in messages]
