"""Who may see and do what: pure functions over an actor and what a row says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.errors import Refused

# roles that every installation knows, whatever its apps
DESIGNER = "process_designer"
EXTERNAL_SYSTEM = "external_system"


class NotYours(Refused):
    """This task waits for {needed}."""


class NotYourCase(Refused):
    """This case belongs to {unit}; you hold no role there, above it, and had no task in it."""


class NotYourFile(Refused):
    """This file belongs to a case that you may not see, or to somebody else."""


class MayNotStart(Refused):
    """To start this you need one of these roles: {needed}."""


class OperatorsOnly(Refused):
    """Only operators may do this."""


class DesignersOnly(Refused):
    """Only process designers may do this."""


class SystemsOnly(Refused):
    """Only external systems and operators may do this."""


class FourEyes(Refused):
    """Four eyes: you did “{element}” in this case, so somebody else must do this task."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A role that an actor holds in a unit. `scope` is the path below which it lets the actor look."""

    unit_id: int
    unit_path: str
    unit_name: str
    role: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standin:
    """For whom an actor acts while they are away: a person, or (`person_id` None) all who hold a role in a unit.

    `persons` are those whose tasks the actor may do, `queues` the pairs of role and unit they belong to; `role`,
    `unit_id` and `process_id` narrow both.
    """

    absence_id: int
    person_id: int | None
    name: str
    login: str
    persons: frozenset[int]
    queues: frozenset[tuple[str, int]]
    role: str | None = None
    unit_id: int | None = None
    process_id: str | None = None

    def covers(self, *, assignee_id: int | None, role: str, unit_id: int | None, process_id: str | None) -> bool:
        """This will tell whether a task of those who are away is meant."""
        parts = role.split(",")
        if self.process_id not in (None, process_id) or self.unit_id not in (None, unit_id):
            return False
        if self.role is not None and self.role not in parts:
            return False
        if assignee_id is not None:
            return assignee_id in self.persons
        return any(
            part[1:] == self.login if part.startswith("@") else (part, unit_id) in self.queues for part in parts if part
        )


@dataclass(frozen=True)
class Actor:
    """Somebody who does something, with the roles held at that moment.

    `origin` tells the history from where: "page 192.0.2.7", "api:3 192.0.2.7" (3: the token), "cli", "worker".
    """

    person_id: int | None
    name: str
    login: str
    is_admin: bool = False
    memberships: tuple[Membership, ...] = ()
    stands_for: tuple[Standin, ...] = ()
    origin: str = ""

    @cached_property
    def roles(self) -> frozenset[str]:
        """This will return the codes of all roles held anywhere."""
        return frozenset(membership.role for membership in self.memberships)

    @cached_property
    def scopes(self) -> tuple[str, ...]:
        """This will return the unit paths below which the actor sees cases, none of them inside another."""
        paths = sorted({membership.scope for membership in self.memberships})
        outer: list[str] = []
        for path in paths:
            if not outer or not path.startswith(outer[-1]):
                outer.append(path)
        return tuple(outer)

    def scopes_of(self, role: str) -> tuple[str, ...]:
        """This will return the unit paths below which holding `role` lets the actor work."""
        return tuple(sorted({membership.scope for membership in self.memberships if membership.role == role}))

    @property
    def label(self) -> str:
        """This will return name and first unit, as the history keeps them: 张三@某县应急局."""
        return f"{self.name}@{self.memberships[0].unit_name}" if self.memberships else self.name

    @property
    def unit_id(self) -> int | None:
        """This will return the unit that the actor works in (the first one held)."""
        return self.memberships[0].unit_id if self.memberships else None

    def holds(self, role: str, unit_id: int) -> bool:
        """This will tell whether the actor holds `role` in exactly this unit."""
        return any(held.role == role and held.unit_id == unit_id for held in self.memberships)


SYSTEM = Actor(person_id=None, name="系统", login="")


def belongs(actor: Actor, role: str, unit_id: int | None) -> bool:
    """This will tell whether the actor is of the queue `role` (several, and @logins, by comma) of the unit."""
    for part in role.split(","):
        if part.startswith("@"):
            if actor.login and part[1:] == actor.login:
                return True
        elif unit_id is not None and actor.holds(part, unit_id):
            return True
    return False


def is_member(actor: Actor, role: str, unit_id: int | None, process_id: str | None = None) -> bool:
    """This will tell whether the actor may take from a queue, as one of it or for one of it who is away."""
    asked: dict[str, Any] = {"assignee_id": None, "role": role, "unit_id": unit_id, "process_id": process_id}
    return belongs(actor, role, unit_id) or standin_for(actor, **asked) is not None


def standin_for(
    actor: Actor, *, assignee_id: int | None, role: str, unit_id: int | None, process_id: str | None = None
) -> Standin | None:
    """This will tell for whom the actor would do an open task; None: for nobody else, or not at all."""
    if actor.person_id is None or not actor.stands_for or assignee_id == actor.person_id:
        return None
    if assignee_id is None and belongs(actor, role, unit_id):
        return None
    asked: dict[str, Any] = {"assignee_id": assignee_id, "role": role, "unit_id": unit_id, "process_id": process_id}
    return next((standin for standin in actor.stands_for if standin.covers(**asked)), None)


def is_in_scope(actor: Actor, unit_path: str) -> bool:
    """This will tell whether a unit lies in or below one where the actor holds a role."""
    return any(unit_path.startswith(scope) for scope in actor.scopes)


def may_see_case(actor: Actor, *, unit_path: str, started_by: int | None, had_task: bool) -> bool:
    """This will tell whether the actor may read a case: operators, starters, handlers of it, and those above it."""
    if actor.is_admin or actor.person_id is None or had_task:
        return True
    return (started_by is not None and started_by == actor.person_id) or is_in_scope(actor, unit_path)


def may_claim(
    actor: Actor, *, assignee_id: int | None, role: str, unit_id: int | None, process_id: str | None = None
) -> bool:
    """This will tell whether the actor may take an open task: nobody has it and the actor belongs to its queue."""
    return actor.person_id is not None and assignee_id is None and is_member(actor, role, unit_id, process_id)


def may_complete(
    actor: Actor, *, assignee_id: int | None, role: str, unit_id: int | None, process_id: str | None = None
) -> bool:
    """This will tell whether the actor may finish an open task: theirs, free in their queue, or of somebody away."""
    if actor.person_id is None:
        return False
    asked: dict[str, Any] = {"assignee_id": assignee_id, "role": role, "unit_id": unit_id, "process_id": process_id}
    return assignee_id == actor.person_id or may_claim(actor, **asked) or standin_for(actor, **asked) is not None


def may_give(
    actor: Actor,
    *,
    state: str,
    is_sign: bool,
    owner_id: int | None,
    assignee_id: int | None,
    role: str,
    unit_id: int | None,
    process_id: str | None = None,
) -> bool:
    """This will tell whether the actor may delegate a task, transfer or return it, or add signatures to it.

    Who may finish it may, unless it is a signature, waits for signatures or was delegated to them.
    """
    queue: dict[str, Any] = {"assignee_id": assignee_id, "role": role, "unit_id": unit_id, "process_id": process_id}
    return state == "open" and not is_sign and owner_id is None and may_complete(actor, **queue)


def may_resolve(
    actor: Actor,
    *,
    state: str,
    owner_id: int | None,
    assignee_id: int | None,
    role: str,
    unit_id: int | None,
    process_id: str | None = None,
) -> bool:
    """This will tell whether the actor may give a delegated task back, or call back what they delegated.

    Who stands in for one of the two may, too.
    """
    if state != "open" or owner_id is None or actor.person_id is None:
        return False
    queue: dict[str, Any] = {"role": role, "unit_id": unit_id, "process_id": process_id}
    return any(
        actor.person_id == each or standin_for(actor, assignee_id=each, **queue) is not None
        for each in (owner_id, assignee_id)
    )


def may_sign(
    actor: Actor,
    *,
    state: str,
    is_sign: bool,
    assignee_id: int | None,
    role: str,
    unit_id: int | None,
    process_id: str | None = None,
) -> bool:
    """This will tell whether the actor may give a signature: it was asked of them, or of somebody they stand in for."""
    queue: dict[str, Any] = {"assignee_id": assignee_id, "role": role, "unit_id": unit_id, "process_id": process_id}
    return state == "open" and is_sign and may_complete(actor, **queue)


def may_remove_sign(actor: Actor, *, state: str, asked_by: int | None, handler_id: int | None) -> bool:
    """This will tell whether the actor may take a signature away: they asked for it, or have the task it belongs to."""
    return state in ("open", "planned") and actor.person_id is not None and actor.person_id in (asked_by, handler_id)


def may_withdraw(actor: Actor, *, done_by: int | None) -> bool:
    """This will tell whether a task is the actor's to take back, if nobody has gone on since: only who did it may."""
    return actor.person_id is not None and actor.person_id == done_by


def may_urge(
    actor: Actor,
    *,
    assignee_id: int | None,
    role: str,
    unit_id: int | None,
    process_id: str | None,
    unit_path: str,
    started_by: int | None,
    did_step: bool,
    asked_by: int | None = None,
) -> bool:
    """This will tell whether the actor may urge an open task: starters, earlier handlers, those above, operators.

    And who delegated it or asked for the signature (`asked_by`). Else never who could do it themselves, were it free.
    """
    free = {"role": role, "unit_id": unit_id, "process_id": process_id}
    if actor.person_id is None or actor.person_id == assignee_id:
        return False
    if actor.person_id == asked_by:
        return True
    if is_member(actor, **free) or may_complete(actor, assignee_id=assignee_id, **free):  # type: ignore[arg-type]
        return False
    return actor.is_admin or did_step or started_by == actor.person_id or is_in_scope(actor, unit_path)


def may_decide(actor: Actor, roles: Iterable[str], unit_path: str) -> bool:
    """This will tell whether the actor holds one of `roles` in the unit or above it; operators decide everywhere."""
    if actor.is_admin or actor.person_id is None:
        return True
    wanted = set(roles)
    return any(held.role in wanted and unit_path.startswith(held.scope) for held in actor.memberships)


def leads(actor: Actor, roles: Iterable[str], unit_path: str) -> bool:
    """This will tell whether the actor leads a unit: they hold one of `roles` in it or in a unit above; operators do.

    Departments lead themselves and what lies below them, not what the unit around them oversees.
    """
    if actor.is_admin or actor.person_id is None:
        return True
    wanted = set(roles)
    return any(held.role in wanted and unit_path.startswith(held.unit_path) for held in actor.memberships)


def may_start(actor: Actor, roles: Iterable[str]) -> bool:
    """This will tell whether the actor holds one of the roles that start a process; `*` lets everybody."""
    wanted = set(roles)
    return actor.person_id is None or "*" in wanted or not wanted.isdisjoint(actor.roles)


def require_designer(actor: Actor) -> None:
    """This will refuse everybody but process designers, operators and the engine itself. Raises DesignersOnly."""
    if actor.person_id is not None and not actor.is_admin and DESIGNER not in actor.roles:
        raise DesignersOnly


def require_system(actor: Actor) -> None:
    """This will refuse everybody but external systems, operators and the engine itself. Raises SystemsOnly."""
    if actor.person_id is not None and not actor.is_admin and EXTERNAL_SYSTEM not in actor.roles:
        raise SystemsOnly


def require_operator(actor: Actor) -> None:
    """This will refuse everybody but operators and the engine itself. Raises OperatorsOnly."""
    if actor.person_id is not None and not actor.is_admin:
        raise OperatorsOnly
