"""What the properties panel of the studio offers to choose from, and to which of its fields a fault belongs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from flask import current_app, url_for
from flask_babel import gettext

from engine import Fault, queries
from web import current

Choice = dict[str, Any]
CASE = "case"
LIMIT_RULES = "limit_rules.index"
ATTRIBUTE = re.compile(r"bihuan:(\w+)")
NAMED = re.compile(r"the (?:service|role|form|process|decision|limit) (?P<value>.+) (?:is not|does not)")
FIELDS = {  # code of a fault -> field of the panel
    "limit-missing": "limit",
    "form-missing": "form",
    "form-choice": "form",
    "form-empty": "form",
    "role-unknown": "candidateGroups",
    "return-unknown": "returnTo",
    "skip-outcome-missing": "skipOutcome",
    "decision-missing": "decision",
    "process-missing": "process",
    "called-missing": "process",
    "service-missing": "service",
    "service-type-missing": "service",
    "listener-unsupported": "listener",
    "listener-twice": "listener",
}
PLACES = {  # what the engine calls the place of an expression -> field of the panel
    "unit": "unit",
    "skip condition": "skip",
    "effective day": "effectiveOn",
    "assignee": "assignee",
    "groups": "candidateGroups",
    "users": "candidateUsers",
    "due date": "dueDate",
    "follow-up date": "followUpDate",
    "priority": "priority",
    "form": "form",
    "service": "service",
    "decision": "decision",
    "called process": "process",
}


def choices(app: str, process_id: str) -> dict[str, Any]:
    """This will list what a diagram of the process may name: limits, roles, services, decisions, forms, processes."""
    found = current.read(queries.offered, app)
    declared = current.engine().app(app)
    return {
        "limits": [_limit(limit) for limit in found.limits if limit.scope != CASE or limit.process == process_id],
        "limits_url": _limit_rules(),
        "roles": [{"id": role, "title": title} for role, title in declared.roles.items()],
        "services": [{"id": each, "title": each} for each in sorted({*declared.services, *declared.externals})],
        "decisions": _named(found.decisions),
        "processes": _named(found.processes),
        "forms": [{"id": form.key, "title": form.title, "outcomes": _outcomes(form)} for form in found.forms],
    }


def _named(found: Iterable[Any]) -> list[Choice]:
    return [{"id": each.key, "title": each.title} for each in found]


def _outcomes(form: Any) -> list[Choice]:
    return [{"id": value, "title": label} for value, label in form.outcomes]


def _limit(limit: Any) -> Choice:
    term = gettext(limit.term.words.template).format_map(limit.term.words.values)
    group = gettext("Limits of the case") if limit.scope == CASE else gettext("Limits of a task")
    return {"id": limit.code, "title": f"{limit.name} · {term}", "group": group}


def _limit_rules() -> str | None:
    return url_for(LIMIT_RULES) if LIMIT_RULES in current_app.view_functions else None


def field_of(fault: Fault) -> tuple[str, str]:
    """This will tell which field of the panel a fault belongs to, and the value that is wrong; empty when unknown."""
    details = getattr(fault, "details", {})
    value = str(details.get("type") or "") if fault.code == "listener-twice" else str(details.get("event") or "")
    if named := NAMED.match(fault.reason):
        value = named["value"]
    field = FIELDS.get(fault.code or "") or PLACES.get(str(details.get("place") or ""), "")
    if not field and (found := ATTRIBUTE.match(fault.reason)):
        field = found[1]
    return field, value
