"""What an operator does to many cases at once: kept as a list, done one by one, each with its result.

An action is begun in one transaction and goes on in as many as it has items, by whoever asks next: the page that shows
its progress, the command line, a worker. Nobody does an item twice at the same time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import func, insert, or_, select, update

from engine import feel, grounds, incidents, retention
from engine.access import SYSTEM, Actor, require_operator
from engine.db import is_postgresql, table
from engine.errors import BihuanError, Invalid
from engine.models import ActionItem, Case, Incident, OperatorAction, new_id
from engine.queries.upkeep import ActionNotFound
from engine.turn import Turn

log = logging.getLogger(__name__)
T = TypeVar("T")
Data = dict[str, Any]
ACTIONS, ITEMS, CASES, INCIDENTS = (table(model) for model in (OperatorAction, ActionItem, Case, Incident))
WAITING, DONE, REFUSED = "waiting", "done", "refused"
MOST = 50_000  # cases of one action
LEASE = timedelta(minutes=2)
AT_ONCE = 500  # rows of one insert


class ActionInvalid(Invalid):
    """This cannot be done to many cases: {reason}."""


class WentWrong(Invalid):
    """Something went wrong inside; the log of the server tells more."""


class Write(Protocol):
    """Runs an operation in a transaction of its own."""

    def __call__(self, by: Actor, operation: Callable[..., T], /, *args: Any, **kwargs: Any) -> T: ...


def _retry(turn: Turn, item: Any, reason: str) -> None:
    incidents.retry(turn, item.incident_id, reason=reason)


VERBS: dict[str, Callable[[Turn, Any, str], object]] = {
    "retry": _retry,
    "suspend": lambda turn, item, reason: incidents.suspend(turn, item.case_id, reason=reason),
    "resume": lambda turn, item, reason: incidents.resume(turn, item.case_id, reason=reason),
    "cancel": lambda turn, item, reason: incidents.cancel(turn, item.case_id, reason=reason),
    "delete": lambda turn, item, reason: retention.delete_case(turn, item.case_id, reason=reason),
    "hold": lambda turn, item, reason: retention.hold(turn, item.case_id, reason=reason),
    "release": lambda turn, item, reason: retention.release(turn, item.case_id, reason=reason),
}


def begin(turn: Turn, verb: str, ids: Sequence[UUID], *, reason: str, detail: Mapping[str, Any]) -> UUID:
    """This will keep what is to be done to these incidents (`retry`) or cases, and return the action's id.

    `detail` says by what they were chosen. Raises ActionInvalid, ReasonMissing, OperatorsOnly.
    """
    require_operator(turn.by)
    reason = grounds.given(reason)
    if verb not in VERBS:
        raise ActionInvalid(reason=f"there is no verb {verb}")
    rows = _items(turn, verb, list(dict.fromkeys(ids)))
    if not rows:
        raise ActionInvalid(reason="nothing is chosen")
    id = note(turn, verb, reason=reason, detail=detail, total=len(rows))
    for seq, row in enumerate(rows):
        row.update(action_id=id, seq=seq, state=WAITING, error="")
    for first in range(0, len(rows), AT_ONCE):
        turn.session.execute(insert(ITEMS), rows[first : first + AT_ONCE])
    return id


def _items(turn: Turn, verb: str, ids: Sequence[UUID]) -> list[Data]:
    if len(ids) > MOST:
        raise ActionInvalid(reason=f"more than {MOST} at once")
    found: dict[UUID, Data] = {}
    for first in range(0, len(ids), AT_ONCE):
        some = ids[first : first + AT_ONCE]
        if verb == "retry":
            asked = select(INCIDENTS.c.id.label("key"), CASES.c.id.label("case_id"), CASES.c.number)
            asked = asked.join_from(INCIDENTS, CASES, CASES.c.id == INCIDENTS.c.case_id)
            rows = turn.session.execute(asked.where(INCIDENTS.c.id.in_(some)))
        else:
            asked = select(CASES.c.id.label("key"), CASES.c.id.label("case_id"), CASES.c.number)
            rows = turn.session.execute(asked.where(CASES.c.id.in_(some)))
        for row in rows:
            incident_id = row.key if verb == "retry" else None
            found[row.key] = {"case_id": row.case_id, "incident_id": incident_id, "number": row.number}
    return [found[id] for id in ids if id in found]


def note(turn: Turn, verb: str, *, reason: str, detail: Mapping[str, Any], total: int = 0) -> UUID:
    """This will write into the log of operators what was done, and return its id; with a total it is yet to be done."""
    id = new_id()
    row = {
        "id": id,
        "verb": verb,
        "actor_id": turn.by.person_id,
        "actor": turn.by.label[:200],
        "reason": reason,
        "detail": feel.dumps(dict(detail)),
        "begun_at": turn.now,
        "finished_at": None if total else turn.now,
        "total": total,
    }
    turn.session.execute(insert(ACTIONS), [row])
    return id


def unfinished(turn: Turn) -> list[UUID]:
    """This will list the actions that have something left to do, the oldest first."""
    return list(
        turn.session.scalars(select(ACTIONS.c.id).where(ACTIONS.c.finished_at.is_(None)).order_by(ACTIONS.c.id))
    )


def go_on(write: Write, find: Callable[[int], Actor], action_id: UUID, *, should_stop: Callable[[], bool]) -> int:
    """This will do what is left of an action until `should_stop` says so, and return how many items were done.

    They are done by whoever began the action, with the rights that this person has now; `find` returns them.
    """
    count = 0
    while True:
        taken = write(SYSTEM, _take, action_id)
        if taken is None:
            return count
        actor_id, verb, reason, item = taken
        try:
            write(SYSTEM if actor_id is None else find(actor_id), _do, verb, reason, item)
        except BihuanError as error:
            write(SYSTEM, _refuse, item, error)
        except Exception:
            log.exception("item %s of action %s failed", item.seq, action_id)
            write(SYSTEM, _refuse, item, WentWrong())
        count += 1
        if should_stop():
            return count


def _take(turn: Turn, action_id: UUID) -> tuple[int | None, str, str, Any] | None:
    action = turn.session.execute(select(ACTIONS).where(ACTIONS.c.id == action_id)).first()
    if action is None:
        raise ActionNotFound
    free = or_(ITEMS.c.taken_at.is_(None), ITEMS.c.taken_at < turn.now - LEASE)
    mine = (ITEMS.c.action_id == action_id, ITEMS.c.state == WAITING)
    following = select(ITEMS.c.seq).where(*mine, free).order_by(ITEMS.c.seq).limit(1)
    if is_postgresql(turn.session):
        following = following.with_for_update(skip_locked=True)
    seq = turn.session.scalar(following)
    if seq is None:
        _finish(turn, action_id)
        return None
    take = update(ITEMS).where(ITEMS.c.action_id == action_id, ITEMS.c.seq == seq).values(taken_at=turn.now)
    item = turn.session.execute(take.returning(*ITEMS.c)).one()
    return action.actor_id, action.verb, action.reason, item


def _finish(turn: Turn, action_id: UUID) -> None:
    left = select(func.count()).where(ITEMS.c.action_id == action_id, ITEMS.c.state == WAITING)
    if not turn.session.scalar(left):
        open_one = (ACTIONS.c.id == action_id, ACTIONS.c.finished_at.is_(None))
        turn.session.execute(update(ACTIONS).where(*open_one).values(finished_at=turn.now))


def _do(turn: Turn, verb: str, reason: str, item: Any) -> None:
    VERBS[verb](turn, item, reason)
    _mark(turn, item, DONE, "")


def _refuse(turn: Turn, item: Any, error: BihuanError) -> None:
    details = {name: value if isinstance(value, int | str) else str(value) for name, value in error.details.items()}
    kept = {"template": error.template, "details": details, "chinese": error.text("zh") or ""}
    _mark(turn, item, REFUSED, feel.dumps(kept))


def _mark(turn: Turn, item: Any, state: str, error: str) -> None:
    mine = (ITEMS.c.action_id == item.action_id, ITEMS.c.seq == item.seq)
    turn.session.execute(update(ITEMS).where(*mine).values(state=state, error=error))
