"""What people are told: written with what happened, the sentence is chosen by its kind.

A notice stands in the house at once. By which ways else it goes to its person is decided afterwards, by `mailing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update

from engine import feel
from engine.db import table
from engine.errors import NotFound
from engine.models import STANDING, Notice, Task, new_id
from engine.prepared import Change, Prepared
from engine.sentences import N_
from engine.turn import Turn

Data = dict[str, Any]
NOTICES, TASKS = table(Notice), table(Task)
LIMIT_NEAR, LIMIT_OVER, TOLD_OF_LIMIT = "limit_near", "limit_over", "told_of_limit"
ASSIGNED, RETURNED, WITHDRAWN = "assigned", "returned", "withdrawn"
DELEGATED, TRANSFERRED, GIVEN_BACK, CALLED_BACK = "delegated", "transferred", "given_back", "called_back"
SIGN_ASKED, URGED, COPIED, SUBSTITUTE, LEFT_ALONE, INCIDENT, TRIAL = (
    "sign_asked", "urged", "copied", "substitute", "left_alone", "incident", "trial",
)  # fmt: skip
SENTENCES: Final = {
    LIMIT_NEAR: N_("“{limit}” ends on {due}: please see to it in time."),
    LIMIT_OVER: N_("“{limit}” ended on {due} and is exceeded: please act now."),
    TOLD_OF_LIMIT: N_("“{limit}” (due {due}) of a case that you oversee: {name}."),
    ASSIGNED: N_("“{task}” was assigned to you."),
    RETURNED: N_("{by} returned “{task}” to you."),
    DELEGATED: N_("{by} asks you to work on “{task}” and to give it back."),
    TRANSFERRED: N_("{by} handed “{task}” on to you."),
    GIVEN_BACK: N_("{by} has worked on “{task}” and gives it back to you."),
    CALLED_BACK: N_("{by} has called “{task}” back from you."),
    SIGN_ASKED: N_("{by} asks you to sign “{task}”."),
    URGED: N_("{by} asks you to do “{task}” soon."),
    COPIED: N_("{by} sent you a copy of this case."),
    WITHDRAWN: N_("“{task}” no longer waits for you: the case went another way."),
    SUBSTITUTE: N_("You act for {name} from {from} to {until}."),
    LEFT_ALONE: N_("Until {until} nobody acts for {name}: {substitute} has left."),
    INCIDENT: N_("The case stands still at “{task}”: {reason}"),
    TRIAL: N_("This is a trial message: by this way messages reach you."),
}
KINDS: Final = tuple(kind for kind in SENTENCES if kind != TRIAL)  # what a person may choose about
URGENT: Final = frozenset({LIMIT_OVER, URGED, INCIDENT})  # what may come in quiet hours
LONGEST = 500  # characters of a reason or note that a notice repeats
OWN = ("id", "person_id")
AT_ONCE = 8  # rows of one statement: each number of rows is a statement of its own


class NoticeNotFound(NotFound):
    """There is no such message for you."""


def tell(
    turn: Turn,
    persons: Iterable[int],
    kind: str,
    *,
    case: Mapping[str, Any] | None,
    task_id: UUID | None = None,
    detail: Mapping[str, Any],
) -> list[Change]:
    """This will tell how to write a notice to each of `persons` about a case."""
    found = rows(turn, persons, kind, case=case, task_id=task_id, detail=detail)
    changes = []
    for first in range(0, len(found), AT_ONCE):
        some = found[first : first + AT_ONCE]
        values = {name: value for name, value in some[0].items() if name not in OWN}
        values |= {f"{name}_{number}": row[name] for number, row in enumerate(some) for name in OWN}
        changes.append(Change(_inserting(len(some)), values))
    return changes


@lru_cache
def _inserting(count: int) -> Prepared:
    """The statement that inserts so many notices which differ only in what is their `OWN`."""
    shared = {column.name: bindparam(column.name, type_=column.type) for column in NOTICES.c if column.name not in OWN}
    own = ({name: bindparam(f"{name}_{number}", type_=NOTICES.c[name].type) for name in OWN} for number in range(count))
    return Prepared(insert(NOTICES).values([{**shared, **each} for each in own]))


def rows(
    turn: Turn,
    persons: Iterable[int],
    kind: str,
    *,
    case: Mapping[str, Any] | None,
    task_id: UUID | None = None,
    detail: Mapping[str, Any],
) -> list[Data]:
    """This will return the row of a notice to each of `persons`."""
    row = {
        "kind": kind,
        "case_id": case["id"] if case else None,
        "task_id": task_id,
        "case_number": case["number"] if case else "",
        "case_title": case["title"] if case else "",
        "detail": feel.dumps(dict(detail)),
        "made_at": turn.now,
        "read_at": None,
        "routed_at": None,
    }
    return [{**row, "id": new_id(), "person_id": person} for person in dict.fromkeys(persons)]


def tell_others(
    turn: Turn,
    persons: Iterable[int | None],
    kind: str,
    case: Mapping[str, Any],
    task: Mapping[str, Any],
    note: str = "",
) -> list[Change]:
    """This will tell how to write what the actor did with a task to each of `persons` but the actor."""
    detail = {"task": task["name"], "by": label(turn), **({"text": note.strip()[:LONGEST]} if note.strip() else {})}
    others = [person for person in persons if person is not None and person != turn.by.person_id]
    return tell(turn, others, kind, case=case, task_id=task["id"], detail=detail)


def label(turn: Turn) -> str:
    """This will return who acts, without their unit."""
    return turn.by.name or turn.by.login


def holders(turn: Turn, task: Mapping[str, Any]) -> list[int]:
    """This will return who has a task; of a free one all in its queue."""
    if task["assignee_id"] is not None:
        return [task["assignee_id"]]
    return [official.id for official in turn.directory.members(task["role"], task["unit_id"])]


def of_opened(turn: Turn, case: Mapping[str, Any], task: Mapping[str, Any]) -> list[Data]:
    """This will return the notice of a task that comes straight to one person; queues are looked into anyway."""
    person = task["assignee_id"]
    if person is None or person == turn.by.person_id or person not in turn.directory.officials:
        return []
    kind = RETURNED if task["element"] in turn.again else ASSIGNED
    detail = {"task": task["name"], **({"by": label(turn)} if kind == RETURNED else {})}
    return rows(turn, [person], kind, case=case, task_id=task["id"], detail=detail)


def standing(turn: Turn, case_id: UUID, tokens: Sequence[int]) -> list[Data]:
    """This will return the tasks at tokens, with their signatures, that a step is about to withdraw."""
    if not tokens:
        return []
    found = select(*TASKS.c)
    mine = (TASKS.c.case_id == case_id, TASKS.c.token.in_(tokens), TASKS.c.state.in_(STANDING))
    return [dict(row) for row in turn.session.execute(found.where(*mine)).mappings()]


def of_withdrawn(turn: Turn, case: Mapping[str, Any], gone: Sequence[Data]) -> list[Change]:
    """This will tell those who had a task that a step withdraws."""
    had = [task for task in gone if task["assignee_id"] is not None]
    return [change for task in had for change in tell_others(turn, [task["assignee_id"]], WITHDRAWN, case, task)]


def of_incident(turn: Turn, case: Mapping[str, Any], name: str, reason: str) -> list[Data]:
    """This will return the notices that tell the operators of a case that stands still."""
    operators = [official.id for official in turn.directory.officials.values() if official.is_admin]
    return rows(turn, operators, INCIDENT, case=case, detail={"task": name, "reason": reason[:LONGEST]})


def read(turn: Turn, notice_id: UUID) -> Notice:
    """This will mark a notice of the actor as read; a second time changes nothing. Raises NoticeNotFound."""
    row = turn.session.get(Notice, notice_id)
    if row is None or row.person_id != turn.by.person_id:
        raise NoticeNotFound
    if row.read_at is None:
        row.read_at = turn.now
        turn.session.flush()
    return row


def read_all(turn: Turn) -> int:
    """This will mark all notices of the actor as read and return how many were not."""
    mine = (NOTICES.c.person_id == turn.by.person_id, NOTICES.c.read_at.is_(None))
    done = turn.session.execute(update(NOTICES).where(*mine).values(read_at=turn.now).returning(NOTICES.c.id))
    return len(done.all())
