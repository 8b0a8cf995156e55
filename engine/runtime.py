"""The front door: one method a use case, one transaction a method."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from engine import (
    cases,
    comments,
    deployments,
    due,
    files,
    registers,
    starting,
)
from engine.access import SYSTEM, Actor, require_operator
from engine.apps import ProcessApp
from engine.checks import Checked
from engine.hands import Hand
from engine.models import Attachment, Case, Definition, Deployment
from engine.transactions import now_utc
from engine.versions import Versions

Data = dict[str, Any]


class Engine(Versions):
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
        super().__init__(database_url, apps=apps, clock=clock, pool_size=pool_size)
        self._files = files

    def deploy_app(self, app: ProcessApp | str, *, by: Actor = SYSTEM) -> Deployment | None:
        """This will deploy what changed in an app's folder; None when nothing did. Raises FaultsFound."""
        require_operator(by)
        found = self.library.app(app) if isinstance(app, str) else app
        return self.write(by, deployments.deploy_app, found)

    def deploy_diagram(self, process_id: str, xml: str, *, by: Actor, note: str = "") -> Definition:
        """This will put a new version of one process in force. Raises FaultsFound, ProcessNotFound, OperatorsOnly."""
        return self.write(by, deployments.deploy_diagram, process_id, xml, note=note)

    def check_diagram(self, xml: str, process_id: str = "") -> Checked:
        """This will find all faults and warnings of a diagram without deploying it; it may replace `process_id`."""
        return self.look(deployments.check_diagram, xml, process_id)

    def load_register(self, app: str, register: str, rows: Iterable[Mapping[str, Any]], *, by: Actor = SYSTEM) -> int:
        """This will insert or update rows of a register and return how many. Raises FaultsFound, OperatorsOnly."""
        require_operator(by)
        return self.write(by, lambda turn: registers.load(turn.session, app=app, register=register, rows=rows))

    def start_case(
        self,
        process_id: str,
        data: Mapping[str, Any],
        *,
        by: Actor,
        unit_code: str | None = None,
        origin: str | None = None,
        attachments: Sequence[UUID] = (),
        locale: str = "zh",
    ) -> Case:
        """This will start a case. Raises FormInvalid, MayNotStart, AlreadyImported, UnitNotFound, ProcessNotFound.

        `origin` is a key of where the data came from: a second case with the same one is refused.
        """
        return self.write(
            by,
            starting.start_by_person,
            process_id,
            data,
            unit_code=unit_code,
            origin=origin,
            attachments=attachments,
            locale=locale,
        )

    def start_activity(self, case_id: UUID, element: str, *, by: Actor) -> Case:
        """This will start an activity that an ad-hoc subprocess of the case offers. Raises NotYourCase, NotOffered."""
        return self.write(by, cases.start_activity, case_id, element)

    def attach(
        self,
        *,
        by: Actor,
        name: str,
        stream: IO[bytes],
        content_type: str = "",
        case_id: UUID | None = None,
        task_id: UUID | None = None,
    ) -> Attachment:
        """This will store a file. Without a case it waits for a form that names it.

        Its type is told by its content; what the browser said (`content_type`) is not believed.

        Raises FileTooLarge, FileEmpty, FileRefused, NotYourCase.
        """
        clean = files.clean_name(name)
        stored = files.Store(self._files).save(stream, name=clean)
        return self.write(by, comments.attach, stored, name=clean, case_id=case_id, task_id=task_id)

    def open_attachment(self, attachment_id: UUID, *, by: Actor) -> tuple[Attachment, Path]:
        """This will return a file's row and where its bytes lie. Raises FileNotFound, NotYourFile."""
        attachment = self.look(comments.find_attachment, by, attachment_id)
        return attachment, files.Store(self._files).path(attachment.sha256)

    def run_due_jobs(
        self,
        limit: int = 100,
        worker: str = "engine",
        should_stop: Callable[[], bool] | None = None,
        hand: Hand | None = None,
    ) -> int:
        """This will run up to `limit` due timers and service calls, oldest first, and return how many."""
        return due.run(self.write, self.library, limit=limit, worker=worker, should_stop=should_stop, hand=hand)
