"""Fills in any form, so that a diagram from anywhere can be walked: something valid for each value that it asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import re2

from engine import forms
from web.benchmarks import world

Data = dict[str, Any]
LINES = ("Seen, and found to be in order.", "Seen", "A", "A1", "1", "100000", "13800000000", "441702199001011234")
TEXTS = {"email": "office@example.org", "phone": "13800000000"}


def fill(schema: Mapping[str, Any] | None, given: Mapping[str, Any]) -> tuple[Data, str | None]:
    """This will return what somebody would send: `given` where it has the value; and the main outcome.

    What needs a file or a code of a register stays empty, and the engine says so when it is required.
    """
    if schema is None:
        return {**world.SENT, **given}, None
    form = forms.parse(schema)
    outcomes = form.outcomes
    main = next((each for each in outcomes if each.is_main), outcomes[0] if outcomes else None)
    return _values(form.fields, given), main.value if main else None


def _values(fields: Iterable[forms.FormField], given: Mapping[str, Any]) -> Data:
    data: Data = {}
    for each in fields:
        *way, last = each.path.split(".")
        holder, known = data, given
        for name in way:
            holder = holder.setdefault(name, {})
            known = known.get(name, {}) if isinstance(known, Mapping) else {}
        if isinstance(known, Mapping) and last in known:
            holder[last] = known[last]
        elif each.type in _MAKERS:
            holder[last] = _MAKERS[each.type](each)
    return data


def _text(field: forms.FormField) -> str:
    rules = field.spec.get("validate") or {}
    if kind := TEXTS.get(rules.get("validationType", "")):
        return kind
    pattern, shortest, longest = rules.get("pattern"), _number(rules, "minLength", 0), _number(rules, "maxLength", 99)
    lines = [line[: int(longest)].ljust(int(shortest), ".") for line in LINES]
    return next((line for line in lines if not pattern or re2.search(pattern, line)), lines[0])


def _amount(field: forms.FormField) -> float:
    rules = field.spec.get("validate") or {}
    least, most = _number(rules, "min", float("-inf")), _number(rules, "max", float("inf"))
    usual = float(world.SENT["amount"]) if field.path == "amount" else 1.0
    step = _number(rules, "step", 0) or None
    number = min(max(usual, least), most)
    return number if step is None else round(number / step) * step


def _number(rules: Mapping[str, Any], name: str, default: float) -> float:
    value = rules.get(name)
    try:
        return default if value in (None, "") else float(value)
    except (TypeError, ValueError):  # an expression
        return default


def _choice(field: forms.FormField) -> Any:
    for each in field.spec.get("values") or ():
        return each["value"] if isinstance(each, Mapping) and "value" in each else each
    return None


def _choices(field: forms.FormField) -> list[Any]:
    found = _choice(field)
    return [] if found is None else [found]


def _moment(field: forms.FormField) -> str:
    now = datetime.now(UTC)
    subtype = field.spec.get("subtype", "date")
    return {"time": "12:00", "datetime": now.isoformat(timespec="minutes")}.get(subtype, now.date().isoformat())


_MAKERS: dict[str, Callable[[forms.FormField], Any]] = {
    "textfield": _text,
    "textarea": _text,
    "number": _amount,
    "checkbox": lambda _field: True,
    "radio": _choice,
    "select": _choice,
    "checklist": _choices,
    "taglist": _choices,
    "datetime": _moment,
    "geopoint": lambda _field: {"lat": 30.0, "lng": 114.0},
    "dynamiclist": lambda field: [_values(field.fields, {})],
}
