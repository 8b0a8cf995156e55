"""Searching the directory by words: to whom work or a copy may go, who may act for somebody, and units."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from sqlalchemy.orm import Session

from engine.absences import leaders
from engine.access import Actor, leads
from engine.directory import Directory, Official, Place
from engine.models import Task
from engine.queries import paging
from engine.queries.cases import find_seen
from engine.tasks import TaskNotFound

MOST = 12  # who does not stand among so many is found by one more word
WORDS = 8  # of a search that count


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody, or a whole queue (`is_queue`), to choose: `value` is the login or role@unit code.

    `posts` are pairs of role and unit name; `is_away` tells that the person is absent just now; `people` how many a
    queue has.
    """

    value: str
    name: str
    posts: tuple[tuple[str, str], ...]
    is_queue: bool = False
    is_away: bool = False
    people: int = 1


@dataclass(frozen=True, slots=True)
class ProcessNamed:
    """A process that is in force, and the names of the steps that people do in it."""

    process_id: str
    name: str
    steps: tuple[str, ...]


def processes(session: Session, actor: Actor) -> list[ProcessNamed]:
    """This will list the newest version of every process that has steps for people, by name."""
    library, found = paging.library(session), []
    for versions in paging.catalog(session).processes.values():
        nodes = library.process(session, versions[-1].id).nodes.values()
        steps = tuple(dict.fromkeys(node.name or node.id for node in nodes if node.type == "userTask"))
        if steps:
            found.append(ProcessNamed(versions[-1].key, versions[-1].name or versions[-1].key, steps))
    return sorted(found, key=lambda each: each.name)


def targets(session: Session, actor: Actor, task_id: UUID, *, q: str = "") -> list[Colleague]:
    """This will list who may be given a task: they hold a role of it, or work in its unit or in one of the actor's.

    Raises TaskNotFound, NotYourCase.
    """
    task = session.get(Task, task_id)
    if task is None:
        raise TaskNotFound
    find_seen(session, actor, task.case_id)
    parts = [part for part in task.role.split(",") if part]
    near = {task.unit_id, *(held.unit_id for held in actor.memberships)}

    def is_fit(official: Official) -> bool:
        posts = directory.posts.get(official.id, ())
        named = f"@{official.login}" in parts
        return named or any(role in parts or unit_id in near for role, unit_id in posts)

    directory = _directory(session)
    barred = {actor.person_id, task.assignee_id}
    found = (each for each in directory.officials.values() if each.id not in barred and is_fit(each))
    return _best(session, directory, found, q, near)


def colleagues(
    session: Session, actor: Actor, *, q: str = "", case_id: UUID | None = None, queues: bool = False
) -> list[Colleague]:
    """This will list people in line with the actor (their units, those above and below) or with the unit of a case.

    `queues` lists queues after the people. Raises CaseNotFound, NotYourCase.
    """
    directory = _directory(session)
    lines = list(actor.scopes)
    if case_id is not None:
        lines.append(find_seen(session, actor, case_id).unit_path)
    near = {held.unit_id for held in actor.memberships}

    def is_in_line(unit_id: int) -> bool:
        path = directory.scope(directory.units[unit_id])
        return actor.is_admin or any(path.startswith(line) or line.startswith(path) for line in lines)

    def may_be_chosen(official: Official) -> bool:
        posts = directory.posts.get(official.id, ())
        return official.id != actor.person_id and (
            actor.is_admin or any(is_in_line(unit_id) for _role, unit_id in posts)
        )

    found = _best(session, directory, filter(may_be_chosen, directory.officials.values()), q, near)
    return [*found, *(_queues(session, directory, q, is_in_line) if queues else ())][: 2 * MOST]


def led_units(session: Session, actor: Actor) -> set[int]:
    """This will return the units whose groups the actor may arrange; for operators all."""
    roles = leaders(paging.library(session).apps.values())
    return {id for id, place in _directory(session).units.items() if leads(actor, roles, place.path)}


def led_queues(session: Session, actor: Actor, *, q: str = "") -> list[Colleague]:
    """This will list the queues in units that the actor leads and that hold every word of `q`."""
    led = led_units(session, actor)
    return list(islice(_queues(session, _directory(session), q, led.__contains__, is_eager=True), MOST))


def find_units(session: Session, actor: Actor, *, q: str = "") -> list[Place]:
    """This will list units that lie in what the actor oversees and hold every word of `q`, the highest first."""
    words, found = _words(q), []
    for place in sorted(_directory(session).units.values(), key=lambda place: (place.path.count("/"), place.code)):
        is_mine = actor.is_admin or any(place.path.startswith(scope) for scope in actor.scopes)
        if is_mine and place.is_active and _has(words, f"{place.name} {place.code}"):
            found.append(place)
    return found[:MOST]


def unit(session: Session, actor: Actor, code: str) -> Place | None:
    """This will return a unit by its code; None when there is none."""
    return _directory(session).codes.get(code)


def unit_codes(session: Session, actor: Actor, ids: Iterable[int]) -> dict[str, str]:
    """This will return the names of units by their codes."""
    known = _directory(session).units
    return {known[id].code: known[id].name for id in ids if id in known}


def _directory(session: Session) -> Directory:
    return paging.directory(session)


def _words(q: str) -> list[str]:
    return q.lower().split()[:WORDS]


def _has(words: Iterable[str], text: str) -> bool:
    lower = text.lower()
    return all(word in lower for word in words)


def _titles(session: Session) -> dict[str, str]:
    return {code: title for app in paging.library(session).apps.values() for code, title in app.roles.items()}


def _best(
    session: Session, directory: Directory, officials: Iterable[Official], q: str, near: Iterable[int | None]
) -> list[Colleague]:
    """Those who hold every word: who is called so first, then who sits near, then by name."""
    words, titles, close = _words(q), _titles(session), set(near)
    found: list[tuple[bool, bool, str, str, Official]] = []
    for each in officials:
        posts = directory.posts.get(each.id, ())
        places = " ".join(f"{directory.units[unit].name} {titles.get(role, role)}" for role, unit in posts)
        if _has(words, f"{each.name} {each.login} {places}"):
            is_called = _has(words, f"{each.name} {each.login}")
            is_near = any(unit in close for _role, unit in posts)
            found.append((not is_called, not is_near, each.name, each.login, each))
    now = paging.now(session)
    return [
        Colleague(
            each.login,
            each.name,
            tuple((role, directory.units[unit].name) for role, unit in directory.posts.get(each.id, ())),
            is_away=directory.is_away(each.id, now),
        )
        for *_order, each in sorted(found, key=lambda row: row[:4])[:MOST]
    ]


def _queues(
    session: Session, directory: Directory, q: str, is_in_line: Callable[[int], bool], *, is_eager: bool = False
) -> Iterator[Colleague]:
    """Queues that hold every word; without a word none, unless `is_eager`."""
    words, titles = _words(q), _titles(session)
    if not words and not is_eager:
        return
    for (unit_id, role), members in sorted(directory.held.items()):
        place = directory.units[unit_id]
        title = titles.get(role, role)
        if members and place.is_active and _has(words, f"{place.name} {title}") and is_in_line(unit_id):
            name = f"{place.name} {title}"
            yield Colleague(f"{role}@{place.code}", name, ((role, place.name),), is_queue=True, people=len(members))
