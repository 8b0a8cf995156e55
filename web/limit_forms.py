"""A rule of a limit as a form: what its fields show, what was typed into them, and the entry of YAML that they make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from engine import limit_definitions

Typed = dict[str, Any]
BEFORE, AT, AFTER = "before", "at", "after"
TEXTS = ("code", "name", "basis", "note", "scope", "process", "amount", "unit", "until", "extensions")
LATER = ("ask_amount", "ask_unit", "effective_from", "effective_to")
RUNG = ("when", "amount", "unit", "do", "role", "name", "priority")
MOMENT = ("element", "event")
NEEDED = limit_definitions.NEEDED
FRESH_RUNG = dict(zip(RUNG, (AFTER, "1", "workdays", "notify", "", "", ""), strict=True))
FRESH = {"scope": "task", "unit": "workdays", "ask_unit": "workdays", "starts": [], "ends": [], "ladder": []}


def shown(rule: limit_definitions.LimitDefinition) -> Typed:
    """This will return what the fields show of a rule."""
    ask = rule.ask_before
    return {
        **{name: str(getattr(rule, name) or "") for name in TEXTS if name not in ("amount", "unit")},
        "amount": str(rule.term.amount),
        "unit": rule.term.unit,
        "pausable": rule.pausable,
        "decided_by": list(rule.decided_by),
        "ask_amount": str(ask.amount) if ask else "",
        "ask_unit": ask.unit if ask else "workdays",
        "effective_from": str(rule.effective_from or ""),
        "effective_to": str(rule.effective_to or ""),
        "starts": [{"element": each.element, "event": each.event} for each in rule.starts],
        "ends": [{"element": each.element, "event": each.event} for each in rule.ends],
        "ladder": [_rung_shown(rung) for rung in rule.ladder],
    }


def _rung_shown(rung: limit_definitions.Rung) -> Typed:
    when = AT if rung.at.amount == 0 else BEFORE if rung.is_before else AFTER
    values = (when, str(rung.at.amount), rung.at.unit, rung.do, rung.role, rung.name, str(rung.priority or ""))
    return dict(zip(RUNG, values, strict=True))


def typed(form: MultiDict[str, str]) -> Typed:
    """This will return what was typed; rows that were left empty are dropped."""
    found: Typed = {name: form.get(name, "").strip() for name in (*TEXTS, *LATER)}
    found["pausable"] = "pausable" in form
    found["decided_by"] = form.getlist("decided_by")
    found["ladder"] = [_named(row) for row in _rows(form, "rung", (*RUNG, "process"))]
    for kind in ("starts", "ends"):
        found[kind] = [row for row in _rows(form, kind, MOMENT) if row["element"]]
    return found


def _rows(form: MultiDict[str, str], prefix: str, names: tuple[str, ...]) -> Iterator[Typed]:
    for values in zip(*(form.getlist(f"{prefix}_{name}") for name in names), strict=False):
        yield {name: value.strip() for name, value in zip(names, values, strict=True)}


def _named(row: Typed) -> Typed:
    """The process that a rung starts is chosen from a list; other names are typed."""
    process = row.pop("process")
    return {**row, "name": process} if row["do"] == limit_definitions.START else row


def edited(found: Typed, step: str) -> Typed:
    """This will add or take away a row, as the button `step` says: `add-ladder`, `remove-starts-0`."""
    verb, _, rest = step.partition("-")
    kind, _, place = rest.partition("-")
    if kind not in ("ladder", "starts", "ends"):
        return found
    rows = list(found[kind])
    if verb == "add":
        rows.append(dict(FRESH_RUNG) if kind == "ladder" else {"element": "", "event": limit_definitions.COMPLETED})
    elif place.isdecimal() and int(place) < len(rows):
        del rows[int(place)]
    return {**found, kind: rows}


def entry(found: Mapping[str, Any]) -> Typed:
    """This will make the entry of `limits.yaml` that stands for what was typed; nothing is checked here."""
    made: Typed = {name: found[name] for name in ("code", "name", "basis")}
    made["term"] = f"{found['amount']} {found['unit']}"
    made |= {name: found[name] for name in ("note", "until") if found[name]}
    if found["scope"] == limit_definitions.CASE:
        made |= {name: found[name] for name in ("scope", "process", "starts", "ends")}
    if found["pausable"]:
        made["pausable"] = True
    if (extensions := found["extensions"]) not in ("", "0"):
        made["extensions"] = int(extensions) if extensions.isdecimal() else extensions
    if found["ask_amount"]:
        made["ask_before"] = f"{found['ask_amount']} {found['ask_unit']}"
    made |= {name: found[name] for name in ("decided_by", "effective_from", "effective_to") if found[name]}
    if found["ladder"]:
        made["ladder"] = [_rung(row) for row in found["ladder"]]
    return made


def _rung(row: Mapping[str, str]) -> Typed:
    at = "0 workdays" if row["when"] == AT else f"{row['amount']} {row['unit']}"
    made: Typed = {"at": f"-{at}" if row["when"] == BEFORE else at, "do": row["do"]}
    needed = NEEDED.get(row["do"])
    if needed and row[needed]:
        made[needed] = int(row[needed]) if needed == "priority" and row[needed].isdecimal() else row[needed]
    return made


def place(path: str) -> str:
    """This will name the field of the form that a fault is about: `term` is typed as amount and unit."""
    first, _, rest = path.partition(".")
    if first == "ladder" and rest.endswith(".at"):
        return path.removesuffix("at") + "amount"
    return {"term": "amount", "ask_before": "ask_amount", "decided_by": "decided_by"}.get(first, path)
