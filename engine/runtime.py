"""The front door: one method a use case, one transaction a method."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from engine import (
    cases,
    comments,
    deployments,
    drafts,
    due,
    files,
    incidents,
    messages,
    migrating,
    people,
    registers,
    starting,
    tasks,
)
from engine.access import SYSTEM, Actor, require_operator
from engine.apps import ProcessApp
from engine.checks import Checked
from engine.db import Sessions, open_database
from engine.definitions import Library
from engine.errors import Conflict
from engine.models import Attachment, Case, Definition, Deployment, Person, Task
from engine.people import Loaded
from engine.turn import LostRace, Turn

Data = dict[str, Any]
P = ParamSpec("P")
T = TypeVar("T")
SERIALIZATION_FAILURES = {"40001", "40P01"}  # PostgreSQL: serialization failure, deadlock


class Busy(Conflict):
    """Others are changing the same case; please try again."""


def now_utc() -> datetime:
    """This will return the time of the machine's clock."""
    return datetime.now(UTC)


class Engine:
    """Runs cases. Every method is one transaction: all of it happens, or nothing."""

    def __init__(
        self,
        database_url: str,
        *,
        apps: Sequence[ProcessApp],
        files: Path,
        clock: Callable[[], datetime] = now_utc,
        pool_size: int = 10,
    ) -> None:
        """This will open the database and serve `apps`; attachments lie below the folder `files`."""
        self.database = open_database(database_url, pool_size=pool_size)
        self.library = Library(apps)
        self.clock = clock
        self._files = files
        self._sessions = Sessions(self.database)

    @property
    def apps(self) -> Mapping[str, ProcessApp]:
        """This will return the process apps by name."""
        return self.library.apps

    def _write(self, by: Actor, operation: Callable[Concatenate[Turn, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs an operation in a transaction, once more with locked rows when a race was lost. Raises Busy."""
        for is_locking in (False, True, True):
            try:
                with self._sessions.writing() as session:
                    turn = Turn(session, self.clock(), by, self.library, is_locking)
                    result = operation(turn, *args, **kwargs)
                    messages.deliver_all(turn)
                return result
            except LostRace:
                continue
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in SERIALIZATION_FAILURES:
                    raise
        raise Busy

    def read(self, query: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """This will ask one of `engine.queries`: `engine.read(queries.inbox, actor)`."""
        with self._sessions.reading() as session:
            session.info.update(library=self.library, now=self.clock())
            return query(session, *args, **kwargs)

    def migrate(self) -> None:
        """This will bring the database to the tables of this version."""
        migrating.upgrade(self.database)

    def is_current(self) -> bool:
        """This will tell whether the database has the tables of this version."""
        return migrating.is_current(self.database)

    def actor(self, person_id: int) -> Actor:
        """This will return a person with the roles held now. Raises PersonNotFound."""
        with self._sessions.reading() as session:
            return people.find_actor(session, self.library.directories.current(session), person_id)

    def sign_in(self, login: str, password: str) -> Person | None:
        """This will return the active person with this password, or None."""
        with self._sessions.reading() as session:
            return people.check_password(session, login=login, password=password)

    def set_password(self, login: str, password: str, *, by: Actor = SYSTEM) -> Person:
        """This will set a person's password and end their sessions. Raises PersonNotFound, PersonInvalid."""
        if by.login != login:
            require_operator(by)
        return self._write(by, lambda turn: people.set_password(turn.session, login=login, password=password))

    def load_people(
        self, units: Sequence[Mapping[str, Any]], persons: Sequence[Mapping[str, Any]] = (), *, by: Actor = SYSTEM
    ) -> Loaded:
        """This will insert or update org units, persons and exactly their roles. Raises UnitInvalid, PersonInvalid.

        A unit: code, name, kind, parent, region. A person: login, name, post, password, is_admin and roles as pairs of
        role and unit code.
        """
        require_operator(by)
        return self._write(by, lambda turn: people.load(turn.session, units=units, persons=persons))

    def deploy_app(self, app: ProcessApp | str, *, by: Actor = SYSTEM) -> Deployment | None:
        """This will deploy what changed in an app's folder; None when nothing did. Raises FaultsFound."""
        require_operator(by)
        found = self.library.app(app) if isinstance(app, str) else app
        return self._write(by, deployments.deploy_app, found)

    def deploy_diagram(self, process_id: str, xml: str, *, by: Actor, note: str = "") -> Definition:
        """This will put a new version of one process in force. Raises FaultsFound, ProcessNotFound, OperatorsOnly."""
        return self._write(by, deployments.deploy_diagram, process_id, xml, note=note)

    def check_diagram(self, xml: str, *, by: Actor = SYSTEM) -> Checked:
        """This will find all faults and warnings of a diagram without deploying it."""
        with self._sessions.reading() as session:
            return deployments.check_diagram(Turn(session, self.clock(), by, self.library), xml)

    def load_register(self, app: str, register: str, rows: Iterable[Mapping[str, Any]], *, by: Actor = SYSTEM) -> int:
        """This will insert or update rows of a register and return how many. Raises FaultsFound, OperatorsOnly."""
        require_operator(by)
        return self._write(by, lambda turn: registers.load(turn.session, app=app, register=register, rows=rows))

    def start_case(
        self,
        process_id: str,
        data: Mapping[str, Any],
        *,
        by: Actor,
        unit_code: str | None = None,
        origin: str | None = None,
        attachments: Sequence[UUID] = (),
    ) -> Case:
        """This will start a case. Raises FormInvalid, MayNotStart, AlreadyImported, UnitNotFound, ProcessNotFound.

        `origin` is a key of where the data came from: a second case with the same one is refused.
        """
        start = starting.start_by_person
        return self._write(by, start, process_id, data, unit_code=unit_code, origin=origin, attachments=attachments)

    def cancel_case(self, case_id: UUID, *, by: Actor, reason: str) -> Case:
        """This will end a case where it stands. Raises OperatorsOnly, CaseEnded."""
        return self._write(by, incidents.cancel, case_id, reason=reason)

    def suspend_case(self, case_id: UUID, *, by: Actor, reason: str) -> Case:
        """This will stop a case; no timer fires until it is resumed. Raises OperatorsOnly, CaseEnded, CaseSuspended."""
        return self._write(by, incidents.suspend, case_id, reason=reason)

    def resume_case(self, case_id: UUID, *, by: Actor) -> Case:
        """This will let a suspended case go on, its timers with the time they had left. Raises OperatorsOnly."""
        return self._write(by, incidents.resume, case_id)

    def change_data(self, case_id: UUID, data: Mapping[str, Any], *, by: Actor, reason: str) -> Case:
        """This will let an operator correct case data; what waits for a condition looks again. Raises OperatorsOnly."""
        return self._write(by, cases.change_data, case_id, data, reason=reason)

    def start_activity(self, case_id: UUID, element: str, *, by: Actor) -> Case:
        """This will start an activity that an ad-hoc subprocess of the case offers. Raises NotYourCase, NotOffered."""
        return self._write(by, cases.start_activity, case_id, element)

    def comment(self, case_id: UUID, *, by: Actor, text: str) -> None:
        """This will write a comment into a case's history. Raises NotYourCase, CommentInvalid."""
        self._write(by, comments.add, case_id, text)

    def claim_task(self, task_id: UUID, *, by: Actor) -> Task:
        """This will take a task out of its queue. Raises TaskDone, TaskTaken, NotYours, FourEyes."""
        return self._write(by, tasks.claim, task_id)

    def release_task(self, task_id: UUID, *, by: Actor) -> Task:
        """This will give a claimed task back to its queue. Raises TaskDone, NotYours, NotReleasable."""
        return self._write(by, tasks.release, task_id)

    def complete_task(self, task_id: UUID, *, by: Actor, data: Mapping[str, Any], outcome: str | None = None) -> Case:
        """This will finish a task and run its case on. Raises FormInvalid, TaskDone, TaskTaken, NotYours, FourEyes."""
        return self._write(by, tasks.complete, task_id, data, outcome=outcome)

    def save_draft(self, key: str, *, by: Actor, data: Data) -> None:
        """This will keep what a person typed, under a task's id or a process id. Raises DraftTooLarge."""
        self._write(by, drafts.save, key, data)

    def attach(
        self,
        *,
        by: Actor,
        name: str,
        stream: IO[bytes],
        case_id: UUID | None = None,
        task_id: UUID | None = None,
    ) -> Attachment:
        """This will store a file. Without a case it waits for a form that names it.

        Raises FileTooLarge, FileEmpty, FileRefused, NotYourCase.
        """
        clean = files.clean_name(name)
        stored = files.Store(self._files).save(stream, name=clean)
        return self._write(by, comments.attach, stored, name=clean, case_id=case_id, task_id=task_id)

    def open_attachment(self, attachment_id: UUID, *, by: Actor) -> tuple[Attachment, Path]:
        """This will return a file's row and where its bytes lie. Raises FileNotFound, NotYourFile."""
        with self._sessions.reading() as session:
            attachment = comments.find_attachment(Turn(session, self.clock(), by, self.library), attachment_id)
        return attachment, files.Store(self._files).path(attachment.sha256)

    def run_due_jobs(
        self, limit: int = 100, worker: str = "engine", should_stop: Callable[[], bool] | None = None
    ) -> int:
        """This will run up to `limit` due timers and service calls, oldest first, and return how many."""
        return due.run(self._write, self.library, limit=limit, worker=worker, should_stop=should_stop)

    def publish_message(
        self,
        name: str,
        correlation_key: str | None = None,
        data: Mapping[str, Any] | None = None,
        *,
        by: Actor = SYSTEM,
        time_to_live: int = 0,
        idempotency_key: str | None = None,
    ) -> bool:
        """This will give a message to one receiver, or keep it `time_to_live` seconds; tells whether it was taken."""
        return self._write(
            by,
            messages.publish,
            name,
            correlation_key,
            dict(data or {}),
            time_to_live=time_to_live,
            idempotency_key=idempotency_key,
        )

    def broadcast_signal(self, name: str, data: Mapping[str, Any] | None = None, *, by: Actor = SYSTEM) -> int:
        """This will give a signal to all who wait for it, and return how many cases took it or began with it."""
        return self._write(by, messages.broadcast, name, dict(data or {}))

    def retry_incident(self, incident_id: UUID, *, by: Actor) -> Case:
        """This will try again what failed. Raises OperatorsOnly, IncidentNotFound, IncidentResolved."""
        return self._write(by, incidents.retry, incident_id)
