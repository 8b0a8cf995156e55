"""Accounts as operators see and change them, from the pages and from the command line alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import Actor, Conflict, Engine, Invalid, NotFound, access
from engine.models import Membership, Person, Unit

Role = tuple[str, str]
"""A role's code and a unit's code."""


class LoginTaken(Conflict):
    """There is already an account “{login}”."""


class AccountNotFound(NotFound):
    """There is no account “{login}”."""


class NameMissing(Invalid):
    """An account needs a sign-in name and a name."""


class PasswordTooShort(Invalid):
    """A password needs at least {shortest} characters."""


SHORTEST_PASSWORD = 10


@dataclass(frozen=True)
class Held:
    """A role that somebody holds in a unit."""

    role: str
    unit_code: str
    unit_name: str


@dataclass(frozen=True)
class Account:
    """A person who can sign in, or could."""

    login: str
    name: str
    post: str
    is_active: bool
    is_admin: bool
    roles: tuple[Held, ...]

    def matches(self, words: str) -> bool:
        """This will tell whether sign-in name, name, post or a unit holds `words`."""
        texts = (self.login, self.name, self.post, *(held.unit_name for held in self.roles))
        return any(words.lower() in text.lower() for text in texts)


@dataclass(frozen=True)
class Branch:
    """A unit of the org tree, `depth` levels below the top, with how many active people hold a role in it."""

    id: int
    code: str
    name: str
    kind: str
    depth: int
    is_active: bool
    people: int


def accounts(session: Session, actor: Actor, q: str = "") -> list[Account]:
    """This will list all accounts by sign-in name. Raises OperatorsOnly."""
    access.require_operator(actor)
    roles: defaultdict[int, list[Held]] = defaultdict(list)
    held = select(Membership.person_id, Membership.role, Unit.code, Unit.name).join(Unit, Membership.unit_id == Unit.id)
    for person_id, role, code, name in session.execute(held.order_by(Membership.id)):
        roles[person_id].append(Held(role, code, name))
    found = [
        Account(person.login, person.name, person.post, person.is_active, person.is_admin, tuple(roles[person.id]))
        for person in session.scalars(select(Person).order_by(Person.login))
    ]
    return [account for account in found if not q or account.matches(q)]


def account(session: Session, actor: Actor, login: str) -> Account:
    """This will find one account. Raises AccountNotFound, OperatorsOnly."""
    for found in accounts(session, actor):
        if found.login == login:
            return found
    raise AccountNotFound(login=login)


def tree(session: Session, actor: Actor) -> list[Branch]:
    """This will list the org tree, each unit after the one above it. Raises OperatorsOnly."""
    access.require_operator(actor)
    counts: defaultdict[int, set[int]] = defaultdict(set)
    held = select(Membership.unit_id, Membership.person_id).join(Person, Membership.person_id == Person.id)
    for unit_id, person_id in session.execute(held.where(Person.is_active)):
        counts[unit_id].add(person_id)
    below: defaultdict[int | None, list[Unit]] = defaultdict(list)
    for unit in session.scalars(select(Unit).order_by(Unit.code)):
        below[unit.parent_id].append(unit)
    branches: list[Branch] = []
    stack = [(unit, 0) for unit in reversed(below[None])]
    while stack:
        unit, depth = stack.pop()
        people = len(counts[unit.id])
        branches.append(Branch(unit.id, unit.code, unit.name, unit.kind, depth, unit.is_active, people))
        stack.extend((child, depth + 1) for child in reversed(below[unit.id]))
    return branches


def add(
    engine: Engine,
    *,
    login: str,
    name: str,
    password: str,
    by: Actor,
    post: str = "",
    roles: Sequence[Role] = (),
    is_admin: bool = False,
) -> None:
    """This will make an account. Raises LoginTaken, NameMissing, PasswordTooShort, PersonInvalid, UnitNotFound."""
    if not login or not name:
        raise NameMissing
    check_password(password)
    if any(known.login == login for known in engine.read(accounts, by)):
        raise LoginTaken(login=login)
    row = {"login": login, "name": name, "post": post, "password": password, "is_admin": is_admin, "roles": list(roles)}
    engine.load_people([], [row], by=by)


def check_password(password: str) -> None:
    """This will refuse a password that is easily guessed by its length. Raises PasswordTooShort."""
    if len(password) < SHORTEST_PASSWORD:
        raise PasswordTooShort(shortest=SHORTEST_PASSWORD)


def set_password(engine: Engine, login: str, password: str, *, by: Actor) -> None:
    """This will set a new password and end all sessions of the person. Raises PasswordTooShort, PersonNotFound."""
    check_password(password)
    engine.set_password(login, password, by=by)


def change_roles(
    engine: Engine, login: str, *, by: Actor, added: Iterable[Role] = (), removed: Iterable[Role] = ()
) -> None:
    """This will give and take roles, all together. Raises AccountNotFound, UnitNotFound."""
    known = engine.read(account, by, login)
    taken = set(removed)
    roles = [(held.role, held.unit_code) for held in known.roles if (held.role, held.unit_code) not in taken]
    roles += [role for role in added if role not in roles]
    _rewrite(engine, known, by=by, is_active=known.is_active, roles=roles)


def set_active(engine: Engine, login: str, is_active: bool, *, by: Actor) -> None:
    """This will disable an account or put it into use again; its sessions end at once. Raises AccountNotFound."""
    known = engine.read(account, by, login)
    roles = [(held.role, held.unit_code) for held in known.roles]
    _rewrite(engine, known, by=by, is_active=is_active, roles=roles)


def _rewrite(engine: Engine, known: Account, *, by: Actor, is_active: bool, roles: Sequence[Role]) -> None:
    row = {
        "login": known.login,
        "name": known.name,
        "post": known.post,
        "is_admin": known.is_admin,
        "is_active": is_active,
        "roles": roles,
    }
    engine.load_people([], [row], by=by)
