"""How times, distances, sizes and values of case data are written on pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from flask import Flask
from flask_babel import gettext, lazy_gettext
from markupsafe import Markup

from engine import access
from web import current, verbs
from web.locale import ngettext

KB = 1024
CASE_STATES = {
    "open": lazy_gettext("in progress"),
    "suspended": lazy_gettext("suspended"),
    "closed": lazy_gettext("closed"),
    "cancelled": lazy_gettext("cancelled"),
}
TASK_STATES = {
    "open": lazy_gettext("to do"),
    "done": lazy_gettext("done"),
    "withdrawn": lazy_gettext("withdrawn"),
    "held": lazy_gettext("waits for signatures"),
    "planned": lazy_gettext("signs later"),
}


@dataclass(frozen=True)
class Distance:
    """How far away a due date is: `tone` is overdue, soon, in-time or none; `words` say it."""

    tone: str
    words: str


def local(value: datetime) -> datetime:
    """This will return `value` on the clock of the pages."""
    return value.astimezone(current.settings().zone)


def moment(value: datetime | date | None) -> str:
    """This will write a moment as 2026-11-21 14:30 and a day as 2026-11-21."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{local(value):%Y-%m-%d %H:%M}"
    return value.isoformat()


def day(value: datetime | date | None) -> str:
    """This will write the day of a moment as 2026-11-21."""
    if value is None:
        return ""
    return f"{local(value) if isinstance(value, datetime) else value:%Y-%m-%d}"


def size(count: int) -> str:
    """This will write a number of bytes in KB or MB."""
    if count < KB * KB:
        return f"{max(1, round(count / KB))} KB"
    return f"{count / KB / KB:.1f} MB"


def distance(due_at: datetime | None, at: datetime | None = None) -> Distance:
    """This will tell how far `due_at` is from `at` (default: now), in working days.

    A due date on a rest day before the next working day counts calendar days, for no working day is left.
    """
    if due_at is None:
        return Distance("none", "")
    at = at or datetime.now(UTC)
    start, end = local(at).date(), local(due_at).date()
    if due_at < at:
        return Distance("overdue", _overdue(current.calendar().workdays_between(end, start), (start - end).days))
    count = current.calendar().workdays_between(start, end)
    tone = "soon" if count <= current.settings().soon_days else "in-time"
    if start == end:
        return Distance("soon", gettext("due today"))
    if count == 0:
        days = (end - start).days
        return Distance("soon", ngettext("%(num)d day left", "%(num)d days left", days))
    return Distance(tone, ngettext("%(num)d working day left", "%(num)d working days left", count))


def _overdue(count: int, days: int) -> str:
    if days == 0:
        return str(gettext("overdue since today"))
    if count == 0:
        return str(ngettext("%(num)d day overdue", "%(num)d days overdue", days))
    return str(ngettext("%(num)d working day overdue", "%(num)d working days overdue", count))


def value(content: Any, field: Mapping[str, Any] | None = None) -> Any:
    """This will write a value of the case data as people read it, by the form field that asked for it."""
    if content is None or content == "" or content == []:
        return Markup('<span class="text-secondary">—</span>')
    if isinstance(content, bool):
        return gettext("yes") if content else gettext("no")
    if isinstance(content, int | float | Decimal):
        return f"{Decimal(str(content)).normalize():f}"
    if isinstance(content, list):
        return gettext(", ").join(str(value(item, field)) for item in content)
    choices = {str(choice.get("value")): choice.get("label") for choice in (field or {}).get("values", ())}
    text = str(content)
    if text in choices:
        return choices[text]
    return _moment_of(text) or text


def case_state(state: str) -> str:
    """This will name the state of a case."""
    return str(CASE_STATES.get(state, state))


def task_state(state: str) -> str:
    """This will name the state of a task."""
    return str(TASK_STATES.get(state, state))


def task_outcome(outcome: str | None) -> str:
    """This will name what a task ended with: the words of a verb, else what the form calls it."""
    return str(verbs.OUTCOMES.get(outcome or "", outcome or ""))


def role_title(role: str) -> str:
    """This will name a role, or several with a comma between; the process apps know the names, @ begins a login."""
    titles = current.once("role_titles", _role_titles)
    if role in titles:
        return titles[role]
    return str(gettext(", ")).join(titles.get(code, code.lstrip("@")) for code in role.split(",") if code)


def _role_titles() -> dict[str, str]:
    titles = {access.DESIGNER: gettext("process designer"), access.EXTERNAL_SYSTEM: gettext("external system")}
    return titles | {code: title for app in current.engine().apps for code, title in app.roles.items()}


def sender(label: str) -> str:
    """This will write name@unit, as the engine keeps who did something, as unit and name."""
    name, _, unit = label.partition("@")
    return f"{unit} {name}" if unit else name


def _moment_of(text: str) -> str | None:
    if len(text) < 16 or text[4:5] != "-" or text[10:11] != "T":
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment(found) if found.tzinfo else f"{found:%Y-%m-%d %H:%M}"


def register(app: Flask) -> None:
    """This will give the templates of `app` these ways of writing."""
    app.jinja_env.filters.update(
        moment=moment,
        day=day,
        size=size,
        distance=distance,
        value=value,
        case_state=case_state,
        task_state=task_state,
        task_outcome=task_outcome,
        role=role_title,
        sender=sender,
    )
    app.jinja_env.globals["upload_limit"] = lambda: current.settings().upload_megabytes
