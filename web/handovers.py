"""How work changed hands, as the history of a case tells it: copies, urges, rules, people who came and went."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext, lazy_gettext

SENTENCES: dict[str, Any] = {
    "copied": lazy_gettext("Copies sent"),
    "read": lazy_gettext("Copy read"),
    "urged": lazy_gettext("Urged: %(name)s"),
    "dispatched": lazy_gettext("Dispatched: %(name)s"),
    "rule_applied": lazy_gettext("Handled by rule: %(name)s"),
    "requeued": lazy_gettext("Goes to others: %(name)s"),
    "unit_changed": lazy_gettext("The case belongs to another unit"),
}
AUTOMATIC = ("dispatched", "rule_applied", "requeued", "unit_changed")
RULES: dict[tuple[str, str], Any] = {
    ("dispatch", "rotate"): lazy_gettext("In turn, to %(to)s"),
    ("dispatch", "least"): lazy_gettext("To who has the least to do: %(to)s"),
    ("whenEmpty", "up"): lazy_gettext("Nobody holds the role; it goes to the unit above"),
    ("whenEmpty", "operator"): lazy_gettext("Nobody holds the role; it goes to the operators"),
    ("whenEmpty", "skip"): lazy_gettext("Nobody holds the role; the step is passed over"),
    ("whenOwn", "skip"): lazy_gettext("Only who started the case could do it; the step is passed over"),
    ("whenOwn", "up"): lazy_gettext("Only who started the case could do it; it goes to the unit above"),
    ("whenOwn", "refuse"): lazy_gettext("Who started the case may not do it; it goes to others"),
    ("whenAgain", "skip"): lazy_gettext("%(person)s has done a step of the same role; the step is passed over"),
}
REASONS: dict[str, Any] = {
    "role_taken": lazy_gettext("%(from)s no longer holds the role"),
    "disabled": lazy_gettext("The account of %(from)s was disabled"),
    "queue_emptied": lazy_gettext("Nobody holds the role there any more"),
    "unit_closed": lazy_gettext("The unit was closed or merged"),
}


def note(kind: str, detail: Mapping[str, Any]) -> str:
    """This will tell who and why, beside a sentence about work that changed hands."""
    if kind == "copied":
        return str(gettext(": ")).join(filter(None, (_listed(detail.get("to")), str(detail.get("text") or ""))))
    words = RULES.get((str(detail.get("rule")), str(detail.get("did")))) or REASONS.get(str(detail.get("reason")))
    if words is None:
        return str(detail.get("text") or "")
    known = {"to": "", "from": "", "person": "", **{name: str(value) for name, value in detail.items()}}
    said = str(words) % known
    if kind == "unit_changed":
        return f"{said}{gettext(': ')}{known['from']} → {known['to']}"
    return said


def _listed(names: Any) -> str:
    return str(gettext(", ")).join(map(str, names or ()))


def behalf(who: str, detail: Mapping[str, Any]) -> str:
    """This will add for whom somebody acted, when a substitute did it."""
    absent = detail.get("on_behalf")
    return str(gettext("%(who)s for %(absent)s", who=who, absent=absent)) if absent else who
