"""The part of the front door for what keeps work from lying: absences, copies to read, urges, kept filters, bulk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from engine import absences, filters, readings, urging
from engine.absences import AbsenceSet, Wish
from engine.access import Actor
from engine.errors import BihuanError, Invalid
from engine.handling import Handling
from engine.models import Absence, KeptFilter, Reading, Task

T = TypeVar("T")
MOST = 200  # of one call in bulk


class TooManyAtOnce(Invalid):
    """At most {limit} can be done at once."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one of many: `error` is None when it went well."""

    id: UUID
    error: BihuanError | None = None

    @property
    def is_done(self) -> bool:
        """This will tell whether it went well."""
        return self.error is None


class Presence(Handling):
    """Every method is one transaction; what does many at once is one for each, and tells what became of each."""

    def set_absence(
        self,
        *,
        by: Actor,
        from_at: datetime,
        until_at: datetime,
        person: str | None = None,
        substitute: str | None = None,
        queue: str | None = None,
        substitute_queue: str | None = None,
        role: str | None = None,
        unit: str | None = None,
        process_id: str | None = None,
        note: str = "",
    ) -> AbsenceSet:
        """This will let `substitute` (a login) act for `person` (else the actor) between two moments.

        `role`, `unit` (a code) and `process_id` narrow it to some tasks. Or a group for a group, which operators set,
        and who leads both units: `queue` and `substitute_queue` as role@unit code. Raises AbsenceInvalid,
        AbsenceOverlaps, SubstituteAway, OperatorsOnly, LeadersOnly, PersonNotFound, UnitNotFound.
        """
        wish = Wish(
            person=(person or by.login) if queue is None else None,
            substitute=substitute,
            queue=queue,
            substitute_queue=substitute_queue,
            role=role,
            unit=unit,
            process_id=process_id,
            from_at=from_at,
            until_at=until_at,
            note=note.strip(),
        )
        return self.write(by, absences.arrange, wish)

    def end_absence(self, absence_id: int, *, by: Actor) -> Absence:
        """This will end an absence now, or call it off. Raises AbsenceNotFound, AbsenceOver, OperatorsOnly."""
        return self.write(by, absences.end, absence_id)

    def copy_case(
        self, case_id: UUID, to: Sequence[str], *, by: Actor, note: str = "", task_id: UUID | None = None
    ) -> list[Reading]:
        """This will send copies of a case to people (logins) and queues (role@unit code), who may then read it.

        Who has an unread copy gets no second one. Raises NotYourCase, CopyInvalid.
        """
        return self.write(by, readings.copy, case_id, to, note=note, task_id=task_id)

    def mark_read(self, reading_id: UUID, *, by: Actor) -> Reading:
        """This will give the receipt of a copy; a second time changes nothing. Raises ReadingNotFound."""
        return self.write(by, readings.mark_read, reading_id)

    def urge_task(self, task_id: UUID, *, by: Actor, text: str = "") -> Task:
        """This will ask that a task be done soon. Raises MayNotUrge, OwnTask, UrgedTooSoon, UrgedTooOften, TaskDone."""
        return self.write(by, urging.urge, task_id, text)

    def save_filter(
        self, name: str, asked: Mapping[str, Any], *, by: Actor, list: str = "inbox", unit: str | None = None
    ) -> KeptFilter:
        """This will keep a question to a list under a name, for the actor or for all who hold a role in `unit`.

        A filter of the actor with this name is written over. Raises KeptFilterInvalid, NotYourUnit, UnitNotFound.
        """
        return self.write(by, filters.save, name, asked, list=list, unit_code=unit)

    def remove_filter(self, filter_id: int, *, by: Actor) -> None:
        """This will forget a filter of the actor. Raises KeptFilterNotFound."""
        self.write(by, filters.remove, filter_id)

    def claim_tasks(self, task_ids: Sequence[UUID], *, by: Actor) -> list[Done]:
        """This will take tasks out of their queues, each for itself. Raises TooManyAtOnce."""
        return _each(task_ids, lambda id: self.claim_task(id, by=by))

    def release_tasks(self, task_ids: Sequence[UUID], *, by: Actor) -> list[Done]:
        """This will give claimed tasks back to their queues, each for itself. Raises TooManyAtOnce."""
        return _each(task_ids, lambda id: self.release_task(id, by=by))

    def transfer_tasks(self, task_ids: Sequence[UUID], login: str, *, by: Actor, note: str) -> list[Done]:
        """This will give tasks to somebody for good, each for itself. Raises TooManyAtOnce."""
        return _each(task_ids, lambda id: self.transfer_task(id, login, by=by, note=note))

    def urge_tasks(self, task_ids: Sequence[UUID], *, by: Actor, text: str = "") -> list[Done]:
        """This will urge tasks, each for itself. Raises TooManyAtOnce."""
        return _each(task_ids, lambda id: self.urge_task(id, by=by, text=text))

    def mark_all_read(self, reading_ids: Sequence[UUID], *, by: Actor) -> list[Done]:
        """This will give the receipts of copies, each for itself. Raises TooManyAtOnce."""
        return _each(reading_ids, lambda id: self.mark_read(id, by=by))


def _each(ids: Sequence[UUID], act: Callable[[UUID], object]) -> list[Done]:
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > MOST:
        raise TooManyAtOnce(limit=MOST)
    return [_one(id, act) for id in wanted]


def _one(id: UUID, act: Callable[[UUID], object]) -> Done:
    try:
        act(id)
    except BihuanError as error:
        return Done(id, error)
    return Done(id)
