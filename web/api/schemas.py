"""What the JSON API takes and gives: one marshmallow schema a thing, which is also its OpenAPI description."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from decimal import Decimal
from functools import cache
from typing import Any

from marshmallow import Schema, fields, validate

from engine import feel


class Document(fields.Field[Any]):
    """Case data: any JSON value; a number of more than 15 digits is written as a text, so that nobody rounds it."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else _plain(feel.to_json(value))

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        return value


def _plain(value: Any) -> Any:
    """A decimal becomes a JSON number when a program reads exactly it, and stays a text when it would be rounded."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return float(value) if Decimal(repr(float(value))) == value else str(value)
    return value


class Id(fields.String):
    """An id: a text, whatever the database makes of it; a script must not do arithmetic with it."""


class Whole(fields.Integer):
    """A whole number; the part after the point is not thrown away."""

    def _validated(self, value: Any) -> int:
        if isinstance(value, float | Decimal) and value % 1 != 0:
            raise self.make_error("invalid", input=value)
        found: int = super()._validated(value)
        return found


class Moment(fields.AwareDateTime):
    """A moment with its zone that UTC can tell: the year 0 or 10000 is none."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        found = super()._deserialize(value, attr, data, **kwargs)
        try:
            return found.astimezone(UTC)
        except OverflowError as error:
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE) from error


def text(description: str, **options: Any) -> fields.String:
    """This will make a text field."""
    return fields.String(metadata={"description": description}, **options)


def moment(description: str, **options: Any) -> Moment:
    """This will make a field for a moment: ISO 8601 with zone, UTC."""
    return Moment(metadata={"description": description}, **options)


class Paging(Schema):
    """Which part of a list is asked for."""

    q = text("Words that number, title or subject must hold.", load_default="", validate=validate.Length(max=200))
    after = text("The `next` of the page before this one.", load_default=None)
    limit = fields.Integer(
        load_default=50, validate=validate.Range(1, 200), metadata={"description": "Entries of one page."}
    )


class InboxAsked(Paging):
    """Which tasks are asked for."""

    show = text(
        "`mine`: taken by me; `queue`: nobody's in my queues; `all`: both.",
        load_default="all",
        validate=validate.OneOf(["all", "mine", "queue"]),
    )
    sort = text(
        "`due`: nearest limit first; `new`: newest first.",
        load_default="due",
        validate=validate.OneOf(["due", "new"]),
    )


class CasesAsked(Paging):
    """Which cases are asked for."""

    state = text(
        "Only cases in this state.",
        load_default=None,
        validate=validate.OneOf(["open", "suspended", "closed", "cancelled"]),
    )
    process_id = text("Only cases of this process.", load_default=None)
    limit_state = text(
        "Only cases with a limit in this state.",
        load_default=None,
        validate=validate.OneOf(["running", "exceeded", "paused", "met", "late", "void"]),
    )
    limit_code = text("Only cases with a limit of this code.", load_default=None, validate=validate.Length(max=64))


class TaskSummary(Schema):
    """A task as a list shows it."""

    id = Id()
    name = text("What is to be done.")
    element = text("Its element in the diagram.")
    state = text("`open`, `done` or `withdrawn`.")
    case_id = Id()
    case_number = text("Number of the case.")
    case_title = text("Title of the case.")
    case_subject = text("Whom the case is about.")
    case_badge = text("Grade of the case.")
    role = text("Role of the queue in which the task stands.")
    unit_id = Id(allow_none=True)
    assignee_id = Id(allow_none=True)
    priority = fields.Integer()
    created_at = moment("When the task was opened.")
    due_at = moment("Until when it must be done.", allow_none=True)
    completed_at = moment("When it was done.", allow_none=True)
    outcome = text("How it was decided.", allow_none=True)


class CaseSummary(Schema):
    """A case as a list shows it."""

    id = Id()
    number = text("Its number.")
    title = text("Its title.")
    subject = text("Whom it is about.")
    badge = text("Its grade.")
    tone = text("Colour of the grade: red, orange, yellow, blue or none.")
    app = text("Process app.")
    process_id = text("Process.")
    definition_id = Id()
    state = text("`open`, `suspended`, `closed` or `cancelled`.")
    unit_id = Id(allow_none=True)
    region = text("GB/T 2260 code of its region.")
    started_at = moment("When it was started.")
    due_at = moment("Until when it must be closed.", allow_none=True)
    ended_at = moment("When it ended.", allow_none=True)
    incidents = fields.Integer(metadata={"description": "Open incidents: 0 when all runs well."})


class HistoryEntry(Schema):
    """One thing that happened in a case."""

    seq = fields.Integer(metadata={"description": "Its place in the history, from 1."})
    at = moment("When it happened.")
    kind = text("What happened.")
    actor = text("Who did it: name and unit as they were then.")
    element = text("Element of the diagram.")
    name = text("Name of the element.")
    detail = Document(metadata={"description": "What was entered or decided."})
    hash = text("SHA-256 over this event, those of its step that share it, and the hash before.")


class AttachmentSummary(Schema):
    """A file of a case."""

    id = Id()
    name = text("File name.")
    content_type = text("Media type.")
    size = fields.Integer(metadata={"description": "Bytes."})
    sha256 = text("SHA-256 of its bytes, in hexadecimal digits.")
    uploaded_at = moment("When it was uploaded.")
    field = text("Field of the form to which it belongs, or empty.")
    case_id = Id(allow_none=True)
    task_id = Id(allow_none=True)


class TaskShown(Schema):
    """A task with all that its page shows."""

    task = fields.Nested(TaskSummary)
    case = fields.Nested(CaseSummary)
    data = Document(metadata={"description": "Case data that the task sees."})
    form = Document(metadata={"description": "form-js schema of its form."}, allow_none=True)
    draft = Document(metadata={"description": "What I typed and have not submitted."}, allow_none=True)
    may = fields.List(fields.String(), metadata={"description": "What I may do with it: claim, release, complete."})
    headers = Document(metadata={"description": "Task headers of the diagram: constants for programs."})


class CaseShown(Schema):
    """A case with all that its page shows."""

    case = fields.Nested(CaseSummary)
    data = Document(metadata={"description": "Case data."})
    tasks = fields.List(fields.Nested(TaskSummary))
    attachments = fields.List(fields.Nested(AttachmentSummary))


class Completion(Schema):
    """What a person submits for a task."""

    data = Document(load_default=dict, metadata={"description": "The form's fields."})
    outcome = text("Which of the form's outcomes; forms without outcomes need none.", load_default=None)


class Draft(Schema):
    """What a person typed and has not submitted."""

    data = Document(required=True, metadata={"description": "The form's fields."})


class CaseStart(Schema):
    """A case that is to begin."""

    process_id = text("The process.", required=True)
    data = Document(load_default=dict, metadata={"description": "The start form's fields."})
    unit_code = text("Org unit that the case belongs to; without it, mine.", load_default=None)
    attachments = fields.List(Id(), load_default=list, metadata={"description": "Ids of files uploaded before."})


class Comment(Schema):
    """Something to remember about a case."""

    text = text("The comment.", required=True, validate=validate.Length(min=1, max=4000))


class Startable(Schema):
    """A process of which I may start a case."""

    app = text("Process app.")
    process_id = text("Process.")
    name = text("Its name.")


class RegisterAsked(Schema):
    """Which entries of a register are asked for."""

    q = text("Words that code, title or detail must hold.", load_default="", validate=validate.Length(max=200))
    on = fields.Date(
        load_default=None, metadata={"description": "The day on which the entries must be in force; today without it."}
    )
    limit = fields.Integer(load_default=20, validate=validate.Range(1, 100))


class RegisterRow(Schema):
    """One entry of a register."""

    code = text("Its code.")
    title = text("Its title.")
    detail = text("Its explanation.")
    data = Document(metadata={"description": "Its further columns."})


class DefinitionSummary(Schema):
    """One deployed version of one process."""

    id = Id()
    process_id = text("The process.")
    name = text("Its name.")
    version = fields.Integer(metadata={"description": "1, 2, 3, …"})
    version_tag = text("Name of the version, if the diagram gives one.", allow_none=True)
    app = text("Process app.")
    file = text("File of the app.")
    deployed_at = moment("When it was put in force.")


class Diagram(Schema):
    """A BPMN diagram."""

    xml = text("BPMN 2.0 XML.", required=True, validate=validate.Length(max=4_000_000))


class Redeployment(Diagram):
    """A changed diagram to put in force."""

    note = text("What was changed and why.", load_default="", validate=validate.Length(max=2000))


class FaultShown(Schema):
    """One thing that is wrong in a diagram."""

    element = text("Id of the element.", allow_none=True)
    name = text("Name of the element.", allow_none=True)
    reason = text("What is wrong, and the rule it breaks.")
    level = text("`error`: it cannot be put in force; `warning`: look at it.")


class Checked(Schema):
    """The result of a check: no faults means that the diagram can be put in force."""

    faults = fields.List(fields.Nested(FaultShown))


class BoardAsked(Schema):
    """Which part of the board is asked for."""

    unit = text("Code of the unit below which to count; without it, all of mine.", load_default=None)


class BoardCell(Schema):
    """How many tasks of one step stand in one unit."""

    unit_code = text("Code of the unit.")
    unit_name = text("Name of the unit.")
    step = text("Name of the step.")
    overdue = fields.Integer()
    soon = fields.Integer(metadata={"description": "Due within the working days that the installation calls soon."})
    open = fields.Integer(metadata={"description": "All open ones, those two included."})


class FeelTried(Schema):
    """A FEEL expression to try."""

    expression = text("FEEL, without a leading =.", required=True, validate=validate.Length(max=20_000))
    context = fields.Dict(
        keys=fields.String(), load_default=dict, metadata={"description": "The variables that it sees."}
    )


class WarningShown(Schema):
    """Something in an expression that is probably not meant."""

    line = fields.Integer()
    column = fields.Integer()
    text = text("What is wrong.")


class FeelResult(Schema):
    """Value and warnings of a FEEL expression."""

    value = Document(allow_none=True)
    warnings = fields.List(fields.Nested(WarningShown))


class DecisionTried(Schema):
    """A decision to try."""

    xml = text("DMN XML.", required=True, validate=validate.Length(max=4_000_000))
    decision = text("Id or name of the decision.", required=True)
    input = fields.Dict(keys=fields.String(), load_default=dict, metadata={"description": "Its inputs."})


class DecisionResult(Schema):
    """Value of a decision and how it came about."""

    value = Document(allow_none=True)
    log = Document(metadata={"description": "Inputs, matched rules and outputs of each decision."})


class MembershipShown(Schema):
    """A role that I hold in a unit."""

    unit_id = Id()
    unit_name = text("Unit.")
    role = text("Role.")


class Me(Schema):
    """Who is signed in."""

    login = text("Sign-in name.")
    name = text("Name.")
    is_admin = fields.Boolean(metadata={"description": "May operate the installation."})
    memberships = fields.List(fields.Nested(MembershipShown))
    csrf_token = text("To be sent as header X-CSRFToken with every POST, PUT and DELETE; empty for tokens.")
    scopes = fields.List(
        fields.String(), allow_none=True, metadata={"description": "What my token may be used for; null without one."}
    )


@cache
def page_of(item: type[Schema]) -> type[Schema]:
    """This will make the schema of one page of a list of `item`."""
    return Schema.from_dict(
        {
            "items": fields.List(fields.Nested(item)),
            "next": text("Give it as `after` to read on; null at the end.", allow_none=True),
            "total": fields.Integer(metadata={"description": "How many there are; counted up to 1,000."}),
            "is_capped": fields.Boolean(metadata={"description": "There are more than `total`."}),
        },
        name=f"{item.__name__}Page",
    )


@cache
def list_of(item: type[Schema]) -> type[Schema]:
    """This will make the schema of a whole list of `item`."""
    return Schema.from_dict({"items": fields.List(fields.Nested(item))}, name=f"{item.__name__}List")
