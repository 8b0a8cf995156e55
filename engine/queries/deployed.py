"""What is deployed: processes, forms, decisions, and which of them somebody may start."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from engine.access import Actor, MayNotStart, may_start
from engine.catalog import DECISION, FORM
from engine.definitions import DefinitionNotFound, FormNotFound, ProcessNotFound
from engine.models import Definition, Deployment, Person, Resource
from engine.queries import paging
from engine.queries.tasks import draft

Data = dict[str, Any]
LONGEST_LIST = 200


@dataclass(frozen=True, slots=True)
class Contents:
    """A deployment, who made it (a name), and the definitions and resources that it put in force."""

    id: int
    app: str
    note: str
    deployed_at: datetime
    deployed_by: str
    contents: list[Definition | Resource]


@dataclass(frozen=True, slots=True)
class Version:
    """A deployed version of a process, form or decision with what lists show of it."""

    id: int
    kind: str
    key: str
    name: str
    version: int
    version_tag: str | None
    app: str
    file: str
    deployed_at: datetime
    deployed_by: str
    note: str
    effective_from: date | None = None

    @property
    def process_id(self) -> str:
        """This will return the id of the process that this is a version of."""
        return self.key


@dataclass(frozen=True, slots=True)
class Startable:
    """A process of which somebody may start a case."""

    app: str
    process_id: str
    name: str


@dataclass(frozen=True, slots=True)
class StartView:
    """The form that starts a case (None: only a button) and what was typed into it before."""

    process_id: str
    name: str
    app: str
    form: Data | None
    draft: Data | None


def definitions(session: Session, actor: Actor) -> list[Version]:
    """This will list all versions of all processes, the newest of each on top."""
    rows = select(Definition, Deployment, Person.name).options(defer(Definition.diagram))
    rows = rows.join(Deployment, Deployment.id == Definition.deployment_id)
    rows = rows.outerjoin(Person, Person.id == Deployment.deployed_by)
    rows = rows.order_by(Definition.app, Definition.process_id, Definition.version.desc())
    return [_process(*row) for row in session.execute(rows)]


def _process(row: Definition, deployment: Deployment, by: str | None) -> Version:
    made = (row.version, row.version_tag, row.app, row.file, deployment.deployed_at, by or "", deployment.note)
    return Version(row.id, "process", row.process_id, row.name, *made)


def definition(session: Session, actor: Actor, definition_id: int) -> Version:
    """This will return one version of a process. Raises DefinitionNotFound."""
    rows = select(Definition, Deployment, Person.name).join(Deployment, Deployment.id == Definition.deployment_id)
    rows = rows.outerjoin(Person, Person.id == Deployment.deployed_by)
    found = session.execute(rows.where(Definition.id == definition_id).options(defer(Definition.diagram))).first()
    if found is None:
        raise DefinitionNotFound(definition=definition_id)
    return _process(*found)


def diagram(session: Session, actor: Actor, definition_id: int) -> str:
    """This will return the XML of a version as it was deployed. Raises DefinitionNotFound."""
    xml = session.scalar(select(Definition.diagram).where(Definition.id == definition_id))
    if xml is None:
        raise DefinitionNotFound(definition=definition_id)
    return xml


def resources(session: Session, actor: Actor) -> list[Version]:
    """This will list the newest version of every form and decision."""
    library = paging.library(session)
    catalog = library.catalog(session)
    newest = [versions[-1].id for kind in (FORM, DECISION) for versions in catalog.of_kind(kind)]
    rows = select(Resource, Deployment, Person.name).join(Deployment, Deployment.id == Resource.deployment_id)
    rows = rows.outerjoin(Person, Person.id == Deployment.deployed_by).where(Resource.id.in_(newest))
    rows = rows.order_by(Resource.kind, Resource.app, Resource.key)
    found = []
    for row, deployment, by in session.execute(rows):
        name = _title(session, row)
        made = (row.version, row.version_tag, row.app, row.file, deployment.deployed_at, by or "", deployment.note)
        found.append(Version(row.id, row.kind, row.key, name, *made, row.effective_from))
    return found


def _title(session: Session, row: Resource) -> str:
    library = paging.library(session)
    if row.kind == "form":
        return str(library.form(session, row.id).schema.get("title") or row.key)
    listed = library.catalog(session).resources[row.kind, row.key]
    model = library.model(session, next(each for each in listed if each.id == row.id))
    return model.decisions[row.key].name or row.key


@dataclass(frozen=True, slots=True)
class Content:
    """A form or decision file with its text."""

    id: int
    kind: str
    key: str
    name: str
    version: int
    content: str


def resource(session: Session, actor: Actor, resource_id: int) -> Content:
    """This will return a form or a decision file with its text. Raises FormNotFound."""
    row = session.get(Resource, resource_id)
    if row is None or row.kind not in (FORM, DECISION):
        raise FormNotFound(form=resource_id)
    return Content(row.id, row.kind, row.key, _title(session, row), row.version, row.content)


def deployments(session: Session, actor: Actor) -> list[Contents]:
    """This will list what was put in force, the newest on top."""
    rows = select(Deployment, Person.name).outerjoin(Person, Person.id == Deployment.deployed_by)
    made = session.execute(rows.order_by(Deployment.id.desc()).limit(LONGEST_LIST)).all()
    contents: dict[int, list[Definition | Resource]] = {row.id: [] for row, _by in made}
    processes = select(Definition).where(Definition.deployment_id.in_(contents)).options(defer(Definition.diagram))
    others = select(Resource).where(Resource.deployment_id.in_(contents)).options(defer(Resource.content))
    for definition_row in session.scalars(processes.order_by(Definition.id)):
        contents[definition_row.deployment_id].append(definition_row)
    for resource_row in session.scalars(others.order_by(Resource.id)):
        contents[resource_row.deployment_id].append(resource_row)
    return [Contents(row.id, row.app, row.note, row.deployed_at, by or "", contents[row.id]) for row, by in made]


def startable(session: Session, actor: Actor) -> list[Startable]:
    """This will list the processes of which the actor may start a case."""
    library, catalog = paging.library(session), paging.catalog(session)
    found = []
    for app in library.apps.values():
        for process_id, roles in app.starters.items():
            listed = catalog.process(process_id)
            if listed is not None and may_start(actor, roles):
                found.append(Startable(app.name, process_id, listed.name))
    return found


def start(session: Session, actor: Actor, process_id: str) -> StartView:
    """This will return the form that starts a case. Raises ProcessNotFound, MayNotStart."""
    library = paging.library(session)
    catalog = library.catalog(session)
    listed = catalog.process(process_id)
    if listed is None:
        raise ProcessNotFound(process=process_id)
    app = library.app(listed.app)
    roles = app.starters.get(process_id, ())
    if not may_start(actor, roles):
        raise MayNotStart(needed="、".join(app.roles.get(role, role) for role in roles) or process_id)
    begin = next((each for each in library.process(session, listed.id).starts if each.kind == "none"), None)
    form_id = begin.form_id if begin is not None else None
    form = catalog.resource("form", form_id, now=paging.now(session)) if form_id else None
    schema = dict(library.form(session, form.id).schema) if form is not None else None
    return StartView(process_id, listed.name, app.name, schema, draft(session, actor, process_id))
