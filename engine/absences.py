"""Who is away, and who acts for them meanwhile; both begin and end by the clock alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, insert, or_, select, update

from engine import directory as directories
from engine import notices
from engine.access import OperatorsOnly, leads
from engine.apps import ProcessApp
from engine.catalog import ZONE
from engine.db import table
from engine.directory import Away, Place
from engine.errors import Conflict, Invalid, NotFound, Refused
from engine.models import Absence, Notice, Person
from engine.people import PersonNotFound, UnitNotFound
from engine.turn import Turn

ABSENCES = table(Absence)
LONGEST = timedelta(days=366 * 2)
LONGEST_NOTE = 500


class AbsenceInvalid(Invalid):
    """The absence cannot be set."""


class AbsenceBackwards(AbsenceInvalid):
    """The absence ends before it begins, or is over already."""


class AbsenceTooLong(AbsenceInvalid):
    """An absence lasts at most {days} days."""


class AbsenceNoteTooLong(AbsenceInvalid):
    """The note of an absence has up to {limit} characters."""


class OwnSubstitute(AbsenceInvalid):
    """Nobody acts for themselves."""


class RoleNotHeld(AbsenceInvalid):
    """{name} does not hold this role there."""


class NobodyThere(AbsenceInvalid):
    """Nobody at {unit} could act: nobody holds this role there."""


class QueueUnclear(AbsenceInvalid):
    """A group is written as role@unit code."""


class LeadersOnly(Refused):
    """Only operators and those who lead {unit} may arrange who acts for its groups."""


class AbsenceOverlaps(Conflict):
    """There is an absence from {from_at} to {until_at} already; end that one first."""


class SubstituteAway(Conflict):
    """{name} is away from {from_at} to {until_at}; choose somebody else or another time."""


class AbsenceNotFound(NotFound):
    """There is no such absence."""


class AbsenceOver(Conflict):
    """This absence is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An absence as it is asked for. Queues are written role@unit code; a `person` is a login."""

    person: str | None
    substitute: str | None
    queue: str | None
    substitute_queue: str | None
    role: str | None
    unit: str | None
    process_id: str | None
    from_at: datetime
    until_at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class AbsenceSet:
    """An absence that was set, and the names of those for whom nobody acts now, because their substitute is away."""

    absence: Absence
    left_alone: tuple[str, ...]


def arrange(turn: Turn, wish: Wish) -> AbsenceSet:
    """This will let somebody act for a person, or a group for a group, from one moment to another.

    Raises AbsenceInvalid, AbsenceOverlaps, SubstituteAway, PersonNotFound, UnitNotFound, OperatorsOnly, LeadersOnly.
    """
    if not turn.now < wish.until_at or not wish.from_at < wish.until_at:
        raise AbsenceBackwards
    if wish.until_at - wish.from_at > LONGEST:
        raise AbsenceTooLong(days=LONGEST.days)
    if len(wish.note) > LONGEST_NOTE:
        raise AbsenceNoteTooLong(limit=LONGEST_NOTE)
    _lock(turn)
    values = _of_group(turn, wish) if wish.queue is not None else _of_person(turn, wish)
    values |= {"from_at": wish.from_at, "until_at": wish.until_at}
    _refuse_overlap(turn, values)
    _forget_past(turn)
    absence = Absence(**values, note=wish.note, created_at=turn.now, created_by=turn.by.person_id)
    turn.session.add(absence)
    turn.session.flush()
    directories.changed(turn.session)
    _tell(turn, values)
    return AbsenceSet(absence, tuple(_left_alone(turn, values)))


def _tell(turn: Turn, values: dict[str, Any]) -> None:
    """Who acts for somebody is told so, unless they arranged it themselves."""
    directory = turn.directory
    if values.get("person_id") is not None:
        name, persons = directory.officials[values["person_id"]].name, [values["substitute_id"]]
    else:
        name = directory.units[values["unit_id"]].name
        persons = directory.held.get((values["substitute_unit_id"], values["substitute_role"]), [])
    detail = {"name": name, "from": values["from_at"].isoformat(), "until": values["until_at"].isoformat()}
    told = [person for person in persons if person != turn.by.person_id]
    rows = notices.rows(turn, told, notices.SUBSTITUTE, case=None, detail=detail)
    if rows:
        turn.session.execute(insert(table(Notice)), rows)


def end(turn: Turn, absence_id: int) -> Absence:
    """This will end an absence now, or call it off. Raises AbsenceNotFound, AbsenceOver, OperatorsOnly, LeadersOnly."""
    absence = turn.session.get(Absence, absence_id)
    if absence is None:
        raise AbsenceNotFound
    if absence.person_id is None:
        _require_leader(turn, turn.directory.units[absence.unit_id or 0])
    else:
        _require_right(turn, absence.person_id)
    if absence.ended_at is not None or absence.until_at <= turn.now:
        raise AbsenceOver
    absence.ended_at, absence.ended_by = turn.now, turn.by.person_id
    turn.session.flush()
    directories.changed(turn.session)
    return absence


def forget(turn: Turn, person_id: int) -> None:
    """This will end the absences of somebody who has left, and those in which they were to act for others.

    These others, and the operators, are told that nobody acts for them.
    """
    still = (ABSENCES.c.ended_at.is_(None), ABSENCES.c.until_at > turn.now)
    mine = or_(ABSENCES.c.person_id == person_id, ABSENCES.c.substitute_id == person_id)
    ended = update(ABSENCES).where(mine, *still).values(ended_at=turn.now, ended_by=None)
    gone = turn.session.execute(ended.returning(ABSENCES.c.person_id, ABSENCES.c.until_at)).all()
    if not gone:
        return
    directories.changed(turn.session)
    name = turn.session.scalar(select(Person.name).where(Person.id == person_id)) or "?"
    operators = [official.id for official in turn.directory.officials.values() if official.is_admin]
    for absent_id, until_at in gone:
        absent = turn.directory.officials.get(absent_id)
        if absent is None:
            continue
        detail = {"name": absent.name, "substitute": name, "until": until_at.isoformat()}
        told = dict.fromkeys([absent.id, *operators])
        rows = notices.rows(turn, list(told), notices.LEFT_ALONE, case=None, detail=detail)
        turn.session.execute(insert(table(Notice)), rows)


def _lock(turn: Turn) -> None:
    """Two who set absences at once see one another: whoever changes the directory waits for the other."""
    directories.changed(turn.session)
    turn.refresh()


def _require_right(turn: Turn, person_id: int) -> None:
    by = turn.by
    if by.person_id is not None and not by.is_admin and person_id != by.person_id:
        raise OperatorsOnly


def _require_leader(turn: Turn, *places: Place) -> None:
    roles = leaders(turn.library.apps.values())
    for place in places:
        if not leads(turn.by, roles, place.path):
            raise LeadersOnly(unit=place.name)


def leaders(apps: Iterable[ProcessApp]) -> frozenset[str]:
    """This will return the roles of all apps that lead a unit."""
    return frozenset(role for app in apps for role in app.leaders)


def _of_person(turn: Turn, wish: Wish) -> dict[str, Any]:
    directory = turn.directory
    person, substitute = directory.logins.get(wish.person or ""), directory.logins.get(wish.substitute or "")
    if person is None or substitute is None:
        raise PersonNotFound(person=(wish.person if person is None else wish.substitute) or "?")
    _require_right(turn, person.id)
    if person.id == substitute.id:
        raise OwnSubstitute
    place = _place(turn, wish.unit) if wish.unit else None
    if (wish.role or place) and not any(
        wish.role in (None, role) and (place is None or place.id == unit_id)
        for role, unit_id in directory.posts.get(person.id, ())
    ):
        raise RoleNotHeld(name=person.name)
    for away in _meeting(turn, wish.from_at, wish.until_at):
        if away.person_id == substitute.id and _same_tasks(
            away, wish.role, place.id if place else None, wish.process_id
        ):
            raise SubstituteAway(name=substitute.name, **_shown(away))
    narrowed = {"role": wish.role, "unit_id": place.id if place else None, "process_id": wish.process_id}
    return {"person_id": person.id, "substitute_id": substitute.id, **narrowed}


def _of_group(turn: Turn, wish: Wish) -> dict[str, Any]:
    role, place = _queue(turn, wish.queue or "")
    other, elsewhere = _queue(turn, wish.substitute_queue or "")
    _require_leader(turn, place, elsewhere)
    if (role, place.id) == (other, elsewhere.id):
        raise OwnSubstitute
    if (elsewhere.id, other) not in turn.directory.held:
        raise NobodyThere(unit=elsewhere.name)
    for away in _meeting(turn, wish.from_at, wish.until_at):
        if away.person_id is None and (away.role, away.unit_id) == (other, elsewhere.id):
            raise SubstituteAway(name=elsewhere.name, **_shown(away))
    target = {"substitute_role": other, "substitute_unit_id": elsewhere.id}
    return {"role": role, "unit_id": place.id, "process_id": wish.process_id, **target}


def _place(turn: Turn, code: str) -> Place:
    found = turn.directory.codes.get(code)
    if found is None:
        raise UnitNotFound(code=code)
    return found


def _queue(turn: Turn, text: str) -> tuple[str, Place]:
    role, _, code = text.partition("@")
    if not role:
        raise QueueUnclear
    return role, _place(turn, code)


def _meeting(turn: Turn, from_at: datetime, until_at: datetime) -> Iterator[Away]:
    return (each for each in turn.directory.absences if each.from_at < until_at and from_at < each.until_at)


def _same_tasks(away: Away, role: str | None, unit_id: int | None, process_id: str | None) -> bool:
    """Whether both speak of some of the same tasks: what one leaves open, the other may mean."""
    pairs = ((away.role, role), (away.unit_id, unit_id), (away.process_id, process_id))
    return all(one is None or other is None or one == other for one, other in pairs)


def _shown(away: Away) -> dict[str, str]:
    moments = {"from_at": away.from_at, "until_at": away.until_at}
    return {name: at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M") for name, at in moments.items()}


def _refuse_overlap(turn: Turn, values: dict[str, Any]) -> None:
    person_id, narrowed = values.get("person_id"), (values.get("role"), values.get("unit_id"), values.get("process_id"))
    for away in _meeting(turn, values["from_at"], values["until_at"]):
        if away.person_id == person_id and _same_tasks(away, *narrowed):
            raise AbsenceOverlaps(**_shown(away))


def _left_alone(turn: Turn, values: dict[str, Any]) -> Iterator[str]:
    """Those whose substitute is the one who goes away: nobody acts for the substitute's absent colleagues."""
    person_id = values.get("person_id")
    for away in _meeting(turn, values["from_at"], values["until_at"]):
        if person_id is not None and away.substitute_id == person_id and away.person_id in turn.directory.officials:
            yield turn.directory.officials[away.person_id].name


def _forget_past(turn: Turn) -> None:
    """What is over is kept as ended, so that the directory reads only what may come into force."""
    over = and_(ABSENCES.c.ended_at.is_(None), ABSENCES.c.until_at <= turn.now)
    turn.session.execute(update(ABSENCES).where(over).values(ended_at=ABSENCES.c.until_at))
