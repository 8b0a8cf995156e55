"""Who may see and do what: pure functions over an actor and what a row says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

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


def is_member(actor: Actor, role: str, unit_id: int | None) -> bool:
    """This will tell whether the actor belongs to the queue `role` (several, and @logins, by comma) of the unit."""
    for part in role.split(","):
        if part.startswith("@"):
            if actor.login and part[1:] == actor.login:
                return True
        elif unit_id is not None and actor.holds(part, unit_id):
            return True
    return False


def is_in_scope(actor: Actor, unit_path: str) -> bool:
    """This will tell whether a unit lies in or below one where the actor holds a role."""
    return any(unit_path.startswith(scope) for scope in actor.scopes)


def may_see_case(actor: Actor, *, unit_path: str, started_by: int | None, had_task: bool) -> bool:
    """This will tell whether the actor may read a case: operators, starters, handlers of it, and those above it."""
    if actor.is_admin or actor.person_id is None or had_task:
        return True
    return (started_by is not None and started_by == actor.person_id) or is_in_scope(actor, unit_path)


def may_claim(actor: Actor, *, assignee_id: int | None, role: str, unit_id: int | None) -> bool:
    """This will tell whether the actor may take an open task: nobody has it and the actor belongs to its queue."""
    return actor.person_id is not None and assignee_id is None and is_member(actor, role, unit_id)


def may_complete(actor: Actor, *, assignee_id: int | None, role: str, unit_id: int | None) -> bool:
    """This will tell whether the actor may finish an open task: it is the actor's, or free in the actor's queue."""
    if actor.person_id is None:
        return False
    return assignee_id == actor.person_id or may_claim(actor, assignee_id=assignee_id, role=role, unit_id=unit_id)


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
