"""Versions of a process with the cases that run on each, and migrations with what became of every case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from engine import feel
from engine.access import Actor, require_designer, require_operator
from engine.bpmn import Problem
from engine.definitions import ProcessNotFound
from engine.errors import NotFound
from engine.models import OPEN, SUSPENDED, Case, Definition, Deployment, MigratedCase, Migration, Person
from engine.models.versions import LEFT, MOVED, REFUSED, WAITING
from engine.queries import paging
from engine.queries.paging import Page

Data = dict[str, Any]
MOST = 100  # migrations in a list


class NoSuchMigration(NotFound):
    """There is no such migration."""


@dataclass(frozen=True, slots=True)
class ProcessVersion:
    """One version of a process: who put it in force, when and why, and how many cases run on it.

    `restores` is the earlier version whose content it has, when it came by a rollback.
    """

    id: int
    process_id: str
    name: str
    version: int
    version_tag: str | None
    app: str
    file: str
    note: str
    deployed_at: Any
    deployed_by: str
    restores: int | None
    running: int
    is_in_force: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """A migration and how far it has come: counts of its cases by what became of them."""

    migration: Migration
    name: str
    source: int
    target: int
    plan: Data
    selection: Data
    waiting: int
    moved: int
    refused: int
    left: int

    @property
    def done(self) -> int:
        """This will return how many cases are decided."""
        return self.moved + self.refused + self.left


@dataclass(frozen=True, slots=True)
class MovedCase:
    """What became of one case of a migration."""

    id: UUID
    number: str
    title: str
    state: str
    reasons: list[Problem]
    at: Any


def versions(session: Session, actor: Actor, process_id: str) -> list[ProcessVersion]:
    """This will list the versions of a process, the one in force on top. Raises DesignersOnly, ProcessNotFound."""
    require_designer(actor)
    rows = select(Definition, Deployment, Person.name).options(defer(Definition.diagram))
    rows = rows.join(Deployment, Deployment.id == Definition.deployment_id)
    rows = rows.outerjoin(Person, Person.id == Deployment.deployed_by)
    rows = rows.where(Definition.process_id == process_id).order_by(Definition.version.desc())
    found = session.execute(rows).all()
    if not found:
        raise ProcessNotFound(process=process_id)
    running = _running(session, process_id)
    return [
        ProcessVersion(
            row.id, row.process_id, row.name, row.version, row.version_tag, row.app, row.file, deployment.note,
            deployment.deployed_at, by or "", row.restores, running.get(row.id, 0), number == 0,
        )
        for number, (row, deployment, by) in enumerate(found)
    ]  # fmt: skip


def _running(session: Session, process_id: str) -> dict[int, int]:
    counted = select(Case.definition_id, func.count()).where(
        Case.process_id == process_id, Case.state.in_((OPEN, SUSPENDED))
    )
    return {row[0]: row[1] for row in session.execute(counted.group_by(Case.definition_id))}


def migrations(session: Session, actor: Actor, process_id: str | None = None) -> list[Progress]:
    """This will list migrations, the newest on top. Raises OperatorsOnly."""
    require_operator(actor)
    rows = select(Migration).order_by(Migration.id.desc()).limit(MOST)
    if process_id is not None:
        rows = rows.where(Migration.process_id == process_id)
    return _progress(session, list(session.scalars(rows)))


def migration(session: Session, actor: Actor, migration_id: UUID) -> Progress:
    """This will tell how far a migration has come. Raises OperatorsOnly, NoSuchMigration."""
    require_operator(actor)
    found = session.get(Migration, migration_id)
    if found is None:
        raise NoSuchMigration
    return _progress(session, [found])[0]


def _progress(session: Session, rows: list[Migration]) -> list[Progress]:
    ids = [row.id for row in rows]
    counted = select(MigratedCase.migration_id, MigratedCase.state, func.count())
    counted = counted.where(MigratedCase.migration_id.in_(ids)).group_by(MigratedCase.migration_id, MigratedCase.state)
    counts = {(row[0], row[1]): row[2] for row in session.execute(counted)}
    listed = paging.library(session).catalog(session).definitions
    return [
        Progress(
            migration=row,
            name=listed[row.target_id].name,
            source=listed[row.source_id].version,
            target=listed[row.target_id].version,
            plan=feel.loads(row.plan),
            selection=feel.loads(row.selection),
            waiting=counts.get((row.id, WAITING), 0),
            moved=counts.get((row.id, MOVED), 0),
            refused=counts.get((row.id, REFUSED), 0),
            left=counts.get((row.id, LEFT), 0),
        )
        for row in rows
    ]


def migrated_cases(
    session: Session,
    actor: Actor,
    migration_id: UUID,
    *,
    state: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[MovedCase]:
    """This will list what became of the cases of a migration, the newest case first. Raises OperatorsOnly."""
    require_operator(actor)
    where = [MigratedCase.migration_id == migration_id]
    if state is not None:
        where.append(MigratedCase.state == state)
    page: Page[MigratedCase] = paging.newest(
        session,
        select(MigratedCase).where(*where),
        select(MigratedCase.case_id),
        (MigratedCase.case_id,),
        (UUID,),
        after,
        limit,
    )
    items = [MovedCase(row.case_id, row.number, row.title, row.state, _reasons(row), row.at) for row in page.items]
    return Page(items, page.next, page.total, page.is_capped)


def _reasons(row: MigratedCase) -> list[Problem]:
    return [Problem(**each) for each in feel.loads(row.reasons)]
