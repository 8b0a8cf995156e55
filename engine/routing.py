"""What the rules of a diagram make of a task that opens: whose it is, and whether anybody needs to do it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace
from sqlalchemy import select

from engine import dispatch, queues, rules
from engine.apps import ProcessApp
from engine.bpmn.outcome import TaskOpened
from engine.db import table
from engine.directory import Place
from engine.models import DONE, Task
from engine.queues import LONGEST, Route
from engine.turn import Turn

TASKS = table(Task)
MOST_SKIPS = 100  # tasks that rules complete one after another before somebody has to look

Data = dict[str, Any]


class Ruling(Struct):
    """Where a task goes, what the history says of the rules that acted, and whether it is completed by them."""

    route: Route
    told: list[Data] = field(default_factory=list)
    is_skipped: bool = False

    def tell(self, rule: str, did: str, **more: Any) -> None:
        """This will note that a rule acted."""
        self.told.append({"rule": rule, "did": did, **more})


def settle(turn: Turn, case: Data, app: ProcessApp, opened: TaskOpened, did: Collection[str]) -> Ruling:
    """This will route a task and let the rules of its diagram act; `did` are the steps done in this very moment."""
    ruling = Ruling(queues.route(turn, opened=opened, unit_id=case["unit_id"], roles=app.roles))
    properties = opened.properties
    if not properties:
        return ruling
    if ruling.route.problem is not None and not _possible(turn, ruling.route):
        _when_empty(turn, app, opened, ruling)
    _when_own(turn, case, app, opened, ruling)
    is_given_back = opened.element in turn.again  # somebody wants it done again, whoever did it
    if rules.said(properties, rules.WHEN_AGAIN) == rules.SKIP and not ruling.is_skipped and not is_given_back:
        _when_again(turn, case, opened, ruling, did)
    if ruling.is_skipped and turn.skipped >= MOST_SKIPS:
        problem = f"rules have completed {MOST_SKIPS} tasks one after another"
        ruling.is_skipped, ruling.route = False, replace(ruling.route, problem=problem)
    return ruling


def _possible(turn: Turn, route: Route) -> set[int]:
    """Who could do the task."""
    if route.assignee_id is not None:
        return {route.assignee_id}
    return {member.id for member in turn.directory.members(route.role, route.place.id if route.place else None)}


def _skip(ruling: Ruling, rule: str, **more: Any) -> None:
    ruling.is_skipped = True
    ruling.route = replace(ruling.route, problem=None)
    ruling.tell(rule, rules.SKIP, **more)


def _when_empty(turn: Turn, app: ProcessApp, opened: TaskOpened, ruling: Ruling) -> None:
    wanted = rules.said(opened.properties, rules.WHEN_EMPTY)
    if wanted == rules.SKIP:
        _skip(ruling, rules.WHEN_EMPTY, reason=ruling.route.problem)
    elif wanted == rules.UP:
        _send(turn, ruling, rules.WHEN_EMPTY, wanted, _anybody_above(turn, app, ruling.route.place, set()))
    elif wanted == rules.OPERATOR:
        _send(turn, ruling, rules.WHEN_EMPTY, wanted, _operators(turn, ruling.route.place))


def _send(turn: Turn, ruling: Ruling, rule: str, did: str, target: tuple[str, Place] | None) -> None:
    """To another queue, when there is one."""
    if target is None:
        return
    role, place = target
    more = {"to": f"{role}@{place.name}", "reason": ruling.route.problem or ""}
    ruling.route = Route(None, role, place, queues.queue_id(turn, role, place.id))
    ruling.tell(rule, did, **more)


def _above(turn: Turn, place: Place | None) -> Iterator[Place]:
    """The units above one, each followed by its departments; a department's own government comes first."""
    if place is None:
        return
    for above in list(turn.directory.upwards(place))[1:]:
        yield from (each for each in (above, *turn.directory.departments(above)) if each.is_active and each != place)


def _anybody_above(turn: Turn, app: ProcessApp, place: Place | None, but: set[int]) -> tuple[str, Place] | None:
    """The people of any of the app's roles in the nearest unit above."""
    for above in _above(turn, place):
        held = [role for role in app.roles if set(turn.directory.held.get((above.id, role), ())) - but]
        if held and len(",".join(held)) <= LONGEST:
            return ",".join(held), above
    return None


def _operators(turn: Turn, place: Place | None) -> tuple[str, Place] | None:
    here = place or next(iter(turn.directory.children.get(None, ())), None)
    role = ""
    for official in turn.directory.officials.values():
        if official.is_admin and len(role) + len(official.login) + 2 <= LONGEST:
            role = f"{role},@{official.login}" if role else f"@{official.login}"
    return (role, here) if role and here is not None else None


def _when_own(turn: Turn, case: Data, app: ProcessApp, opened: TaskOpened, ruling: Ruling) -> None:
    """The starter is the only one who could do it (with `refuse`: nobody lets the starter do it, others may)."""
    wanted, starter = rules.said(opened.properties, rules.WHEN_OWN), case["started_by"]
    if wanted == rules.ALLOW or ruling.is_skipped or starter is None or _possible(turn, ruling.route) != {starter}:
        return
    route = ruling.route
    others = {member.id for member in turn.directory.members(route.role, route.place.id if route.place else None)}
    if wanted == rules.SKIP:
        _skip(ruling, rules.WHEN_OWN)
    elif route.assignee_id is not None and others - {starter}:
        ruling.route = replace(route, assignee_id=None)
        ruling.tell(rules.WHEN_OWN, wanted)
    elif wanted == rules.UP:
        target = _same_above(turn, route, starter) or _anybody_above(turn, app, route.place, {starter})
        _send(turn, ruling, rules.WHEN_OWN, wanted, target)
    if _possible(turn, ruling.route) == {starter} and not ruling.is_skipped:
        problem = "only who started the case could do it, which bihuan:whenOwn forbids"
        ruling.route = replace(ruling.route, assignee_id=None, problem=problem)


def _same_above(turn: Turn, route: Route, starter: int) -> tuple[str, Place] | None:
    roles = [part for part in route.role.split(",") if part and not part.startswith("@")]
    for above in _above(turn, route.place):
        if any(set(turn.directory.held.get((above.id, role), ())) - {starter} for role in roles):
            return ",".join(roles), above
    return None


def _when_again(turn: Turn, case: Data, opened: TaskOpened, ruling: Ruling, did: Collection[str]) -> None:
    """Who did the step just before, or an earlier one of the same role, would do this one too."""
    barred = _barred(turn, case, opened, did)
    for person_id in _before(turn, case, ruling.route, did):
        if person_id in _possible(turn, ruling.route) and person_id not in barred:
            _skip(ruling, rules.WHEN_AGAIN, person=turn.directory.officials[person_id].name)
            return


def _before(turn: Turn, case: Data, route: Route, did: Collection[str]) -> Iterator[int]:
    just_now = turn.person_id if turn.person_id is not None else turn.by.person_id
    if did and just_now is not None:
        yield just_now
    rows = select(TASKS.c.completed_by).where(TASKS.c.case_id == case["id"], TASKS.c.state == DONE)
    same = rows.where(TASKS.c.role == route.role, TASKS.c.completed_by.is_not(None))
    yield from turn.session.scalars(same.order_by(TASKS.c.completed_at.desc()).limit(1))


def _barred(turn: Turn, case: Data, opened: TaskOpened, did: Collection[str]) -> set[int]:
    """Who may not do the task, because they did a step that the diagram wants done by others, or started the case."""
    elements = rules.elements(opened.properties)
    barred: set[int | None] = set()
    if rules.said(opened.properties, rules.WHEN_OWN) == rules.REFUSE:
        barred.add(case["started_by"])
    if elements:
        if not set(elements).isdisjoint(did):
            barred.add(turn.person_id or turn.by.person_id)
        rows = select(TASKS.c.completed_by, TASKS.c.on_behalf_id).where(
            TASKS.c.case_id == case["id"], TASKS.c.state == DONE, TASKS.c.element.in_(elements)
        )
        barred.update(id for row in turn.session.execute(rows) for id in row)
    return {id for id in barred if id is not None}


def assign(turn: Turn, case: Data, opened: TaskOpened, row: Data, did: Collection[str]) -> Data | None:
    """This will give a free task to a member of its queue, as `bihuan:dispatch` wants; returns what is to be told."""
    how = rules.said(opened.properties, rules.DISPATCH)
    if how == rules.QUEUE or row["assignee_id"] is not None or row["queue_id"] is None:
        return None
    asked = {"role": row["role"], "unit_id": row["unit_id"], "process_id": row["process_id"]}
    barred = _barred(turn, case, opened, did)
    chosen = dispatch.choose(turn, how=how, queue_id=row["queue_id"], barred=barred, **asked)
    if chosen is None:
        return None
    row.update(assignee_id=chosen.id, is_claimed=True)
    return {"rule": rules.DISPATCH, "did": how, "to": chosen.name}


def completed(events: Iterable[Any]) -> set[str]:
    """This will return the elements that a step has completed."""
    return {event.element for event in events if event.kind == "completed"}
