"""A limit as pages and programs show it: its state in words and colour, each step towards its day, what was done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask_babel import gettext, lazy_gettext

from engine import Limit, Sentence, Term, limit_definitions, queries, reckoning
from web import chronicle, deeds
from web.formatting import distance, moment
from web.locale import sentence

STATES = {
    "running": lazy_gettext("running"),
    "exceeded": lazy_gettext("exceeded"),
    "paused": lazy_gettext("clock stopped"),
    "met": lazy_gettext("met"),
    "late": lazy_gettext("met late"),
    "void": lazy_gettext("not needed any more"),
}
LENGTHS = {unit: lazy_gettext(template) for unit, template in reckoning.UNITS.items()}


@dataclass(frozen=True)
class ChangeShown:
    """A stop, an extension or a move: what happened, why, who did it and when."""

    words: str
    why: str
    moved: str
    who: str
    at: datetime
    evidence: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class LimitShown:
    """A limit with its words. `tone` is a colour of limits: in-time, soon, overdue, paused, closed."""

    view: queries.LimitView
    state: str
    tone: str
    words: str
    steps: list[str]
    changes: list[ChangeShown]

    @property
    def row(self) -> Limit:
        """This will return the limit itself."""
        return self.view.limit

    @property
    def is_over(self) -> bool:
        """This will tell whether the limit has ended."""
        return self.row.state not in ("running", "paused")


def shown(view: queries.LimitView) -> LimitShown:
    """This will put a limit into words."""
    tone, words = standing(view.limit, view.reckoning.left, view.reckoning.unit)
    steps = [sentence(step) for step in view.reckoning.steps]
    changes = [_change(event) for event in view.changes]
    return LimitShown(view, state_of(view.limit), tone, words, steps, changes)


def state_of(limit: Limit) -> str:
    """This will return the state as lists name it: exceeded and late ones have a name of their own."""
    if limit.state == "running" and distance(limit.due_at).tone == "overdue":
        return "exceeded"
    return "late" if limit.state == "met" and limit.exceeded_at is not None else limit.state


def standing(limit: Limit, left: Any, unit: str) -> tuple[str, str]:
    """This will return tone and words of a limit: how far it is, or what its stopped clock has left."""
    if limit.state == "paused":
        return "paused", gettext("clock stopped, %(left)s left", left=length(left, unit))
    if limit.state == "running":
        far = distance(limit.due_at)
        return far.tone, far.words
    return "closed", str(STATES[state_of(limit)])


def length(left: Any, unit: str) -> str:
    """This will write what a stopped clock has left."""
    amount = f"{round(left / timedelta(hours=1), 1):g}" if isinstance(left, timedelta) else left or 0
    return str(LENGTHS[unit]).format(amount=amount)


def term(length: Term) -> str:
    """This will write a term: 10 working days."""
    return sentence(length.words)


def _change(event: Any) -> ChangeShown:
    detail = json.loads(event.detail)
    evidence = tuple(UUID(id) for id in detail.get("evidence") or ())
    moved = [_moment(detail.get(name)) for name in ("from", "due")]
    return ChangeShown(
        str(chronicle.SENTENCES[event.kind]) % {"name": event.name},
        gettext("; ").join(_why(event.kind, detail)),
        " → ".join(filter(None, moved)) if all(moved) else "",
        chronicle.who(event.actor),
        event.at,
        evidence,
    )


def _why(kind: str, detail: dict[str, Any]) -> Iterator[str]:
    if kind == "limit_paused":
        yield detail["ground"]
        yield gettext("approved by %(name)s", name=detail["approver"])
    elif kind == "limit_resumed" and detail.get("note"):
        yield detail["note"]
    elif kind == "limit_extended":
        yield gettext("by %(term)s", term=_extension(detail["term"]))
        yield detail["reason"]
        if detail.get("decision"):
            yield gettext("decision %(number)s", number=detail["decision"])
        if detail.get("asked_on"):
            yield gettext("asked for on %(day)s", day=detail["asked_on"])
    elif kind == "limit_moved":
        yield sentence(Sentence("Calendar of {year}: version {version}.",
                                {"year": detail["calendar"], "version": detail["version"]}))  # fmt: skip


def _extension(text: str) -> str:
    return term(Term.read(text)) if " " in text else gettext("setting the day %(day)s", day=text)


def _moment(text: str | None) -> str:
    return moment(datetime.fromisoformat(text)) if text else ""


def rung(step: limit_definitions.Rung) -> str:
    """This will write a rung of a ladder: 1 working day before it ends: remind who has the task."""
    if step.at.amount == 0:
        when = gettext("when it is exceeded")
    elif step.is_before:
        when = gettext("%(term)s before it ends", term=term(step.at))
    else:
        when = gettext("%(term)s after it ended", term=term(step.at))
    return str(when) + str(gettext(": ")) + deeds.words(step.do, role=step.role, name=step.name, priority=step.priority)
