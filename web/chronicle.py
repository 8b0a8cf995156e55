"""The history of a case as sentences that officials read."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext, lazy_gettext

from engine import Event
from web import deeds, handovers, verbs

# What a person wants to know of a case; the engine's history holds every step of every token beside it.
SENTENCES: dict[str, Any] = {
    "started": lazy_gettext("Case started"),
    "claimed": lazy_gettext("Claimed: %(name)s"),
    "released": lazy_gettext("Given back to the queue: %(name)s"),
    "completed": lazy_gettext("Done: %(name)s"),
    "withdrawn": lazy_gettext("Withdrawn: %(name)s"),
    "timer_fired": lazy_gettext("Time is up: %(name)s"),
    "message_received": lazy_gettext("Message received: %(name)s"),
    "signal_received": lazy_gettext("Signal received: %(name)s"),
    "error_caught": lazy_gettext("Error handled: %(name)s"),
    "escalation_caught": lazy_gettext("Escalated: %(name)s"),
    "decision_made": lazy_gettext("Decided by rules: %(name)s"),
    "called": lazy_gettext("Procedure begun: %(name)s"),
    "returned": lazy_gettext("Procedure finished: %(name)s"),
    "called_off": lazy_gettext("Procedure broken off: %(name)s"),
    "ended": lazy_gettext("Case ended"),
    "commented": lazy_gettext("Comment"),
    "attached": lazy_gettext("File attached"),
    "suspended": lazy_gettext("Case suspended"),
    "resumed": lazy_gettext("Case resumed"),
    "cancelled": lazy_gettext("Case cancelled"),
    "migrated": lazy_gettext("Moved to another version of the process: %(name)s"),
    "incident": lazy_gettext("The case stands still: %(name)s"),
    "retried": lazy_gettext("Repaired and tried again: %(name)s"),
    "resolved": lazy_gettext("Repaired: %(name)s"),
    "data_changed": lazy_gettext("Case data corrected"),
    "passed_over": lazy_gettext("Passed over: %(name)s"),
    "moved": lazy_gettext("Moved from: %(name)s"),
    "modified": lazy_gettext("Steps begun and ended by an operator"),
    "held": lazy_gettext("Deletion forbidden"),
    "unheld": lazy_gettext("Deletion allowed again"),
    **handovers.SENTENCES,
    **verbs.SENTENCES,
    "limit_started": lazy_gettext("Limit begun: %(name)s"),
    "limit_met": lazy_gettext("Limit met: %(name)s"),
    "limit_void": lazy_gettext("Limit gone with its task: %(name)s"),
    "limit_exceeded": lazy_gettext("Limit exceeded: %(name)s"),
    "limit_paused": lazy_gettext("Clock stopped: %(name)s"),
    "limit_resumed": lazy_gettext("Clock goes on: %(name)s"),
    "limit_extended": lazy_gettext("Limit extended: %(name)s"),
    "limit_moved": lazy_gettext("Limit moved by the published calendar: %(name)s"),
    "change_denied": lazy_gettext("Denied by a listener: %(name)s"),
    "task_corrected": lazy_gettext("Corrected by a listener: %(name)s"),
    "limit_fixed": lazy_gettext("Last day of the limit found: %(name)s"),
    "rung_climbed": lazy_gettext("Reminder or step up by rule: %(name)s"),
}
# incidents of a case that goes on
GOES_ON = {
    "copy": lazy_gettext("A copy could not be sent: %(name)s"),
    "limit": lazy_gettext("A limit is not watched as it should be: %(name)s"),
}
# what operators do with a reason
REPAIRED = ("retried", "data_changed", "passed_over", "moved", "modified")
OPERATED = ("suspended", "resumed", "cancelled", *REPAIRED, "held", "unheld")
OF_TASKS = ("completed", "withdrawn")
# what the engine does by itself: whose click set it off says nothing
AUTOMATIC = (
    "decision_made",
    "timer_fired",
    "called",
    "returned",
    "called_off",
    "error_caught",
    "escalation_caught",
    "incident",
    "ended",
    "change_denied",
    "task_corrected",
    *handovers.AUTOMATIC,
)


@dataclass(frozen=True)
class Line:
    """One line of the history: what happened, who did it, when; `text` is what the person wrote."""

    kind: str
    at: datetime
    who: str
    words: str
    outcome: str = ""
    text: str = ""
    task_id: UUID | None = None


def lines(history: Iterable[Event], pressed: Mapping[UUID, str], opinions: Collection[str]) -> list[Line]:
    """This will tell the history, newest first.

    `pressed` are the words of the button that ended a task, `opinions` the fields where people write sentences.
    """
    return list(_lines(history, pressed, opinions))[::-1]


def _lines(history: Iterable[Event], pressed: Mapping[UUID, str], opinions: Collection[str]) -> Iterator[Line]:
    for event in history:
        sentence = SENTENCES.get(event.kind)
        if sentence is None or (event.kind in OF_TASKS and event.task_id is None):
            continue
        detail = json.loads(event.detail) if isinstance(event.detail, str) else event.detail
        if event.kind == "incident":
            sentence = GOES_ON.get(detail.get("kind"), sentence)
        yield Line(
            event.kind,
            event.at,
            "" if event.kind in AUTOMATIC else handovers.behalf(who(event.actor), detail),
            str(sentence) % {"name": event.name or event.element},
            pressed.get(event.task_id, "") if event.task_id and event.kind == "completed" else "",
            _text(event.kind, detail, opinions),
            event.task_id,
        )


def _text(kind: str, detail: Mapping[str, Any], opinions: Collection[str]) -> str:
    """What a person wrote (a comment, the name of a file, the opinion given with a task), or why rules decided so."""
    if kind == "decision_made":
        return "\n".join(_reasons(detail))
    if kind == "rung_climbed":
        return deeds.words(detail.get("action", ""), role=detail.get("role", ""), name=detail.get("name", ""))
    if kind == "completed":
        data = detail.get("data") or {}
        return "\n".join(str(data[name]) for name in opinions if data.get(name))
    if kind in handovers.SENTENCES:
        return handovers.note(kind, detail)
    if kind in verbs.SENTENCES:
        return verbs.note(kind, detail)
    if kind in OPERATED:
        return str(detail.get("reason") or "")
    return str(detail.get("text") or detail.get("file") or "")


def _reasons(detail: Mapping[str, Any]) -> Iterator[str]:
    """Why rules decided as they did: what each table was asked, which rules matched, what came out, which version."""
    for decision in detail.get("decisions") or ():
        for table in decision.get("tables") or ():
            asked = _listed(f"{each['label']} {_plain(each['value'])}" for each in table.get("inputs") or ())
            matched = _listed(
                gettext("rule %(number)s", number=rule["rule"])
                + "".join(f" {note}" for note in rule.get("annotations") or () if note)
                for rule in table.get("matched") or ()
            )
            yield f"{table['table']}{gettext(': ')}{asked} → {matched or gettext('no rule')}"
    yield gettext("Outcome: %(outcome)s (version %(version)s of the table)",
                  outcome=_plain(detail.get("output")), version=detail.get("version", ""))  # fmt: skip


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return _listed(f"{name} {_plain(each)}" for name, each in value.items())
    if isinstance(value, list):
        return _listed(map(_plain, value))
    if isinstance(value, bool) or value is None:
        return str({True: gettext("yes"), False: gettext("no"), None: gettext("not given")}[value])
    return str(value)


def _listed(parts: Iterable[str]) -> str:
    return str(gettext(", ")).join(parts)


def who(label: str) -> str:
    """This will write name@unit, as the history keeps it, as unit and name."""
    name, _, unit = label.partition("@")
    return f"{unit} {name}" if unit else name or gettext("system")
