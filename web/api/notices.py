"""What a person was told as JSON, and by which ways and when messages reach them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, validate

from engine import channels, feel, notices, preferences, queries
from web import current
from web.api.routes import Blueprint
from web.api.schemas import Id, moment, page_of, text
from web.notices import say

blueprint = Blueprint("api-notices", __name__, url_prefix="/api", description="Messages to people")
CLOCK = validate.Regexp(r"^([01][0-9]|2[0-3]):[0-5][0-9]$")


class NoticesAsked(Schema):
    """Which notices are asked for."""

    unread = fields.Boolean(
        load_default=None, allow_none=True, metadata={"description": "Only those not read, or only those read."}
    )
    after = text("The `next` of the page before this one.", load_default=None)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class NoticeShown(Schema):
    """Something that you were told."""

    id = Id()
    kind = text("What it is about.", validate=validate.OneOf(list(notices.SENTENCES)))
    sentence = text("It as a sentence in your language.")
    detail = fields.Dict(metadata={"description": "What the sentence is made of."})
    case_id = Id(allow_none=True)
    task_id = Id(allow_none=True)
    case_number = text("Number of the case.")
    case_title = text("Title of the case.")
    made_at = moment("When you were told.")
    read_at = moment("When you read it.", allow_none=True)


class NoticesRead(Schema):
    """How many notices were marked."""

    count = fields.Integer(metadata={"description": "So many had not been read."})


class Unread(Schema):
    """How much you have not read."""

    count = fields.Integer(metadata={"description": "Up to 100; 100 stands for more than 99."})


_ADDRESSES = fields.Dict(
    keys=fields.String(validate=validate.OneOf(channels.CHANNELS)),
    values=fields.String(validate=validate.Length(1, 250)),
    metadata={"description": "Your address in each channel; a channel without one is not used."},
)
_CHOICES = fields.Dict(
    keys=fields.String(validate=validate.OneOf(channels.CHANNELS)),
    values=fields.Dict(
        keys=fields.String(validate=validate.OneOf(notices.KINDS)),
        values=fields.String(validate=validate.OneOf(preferences.MODES)),
    ),
    metadata={
        "description": "Per channel and kind: `now`, `digest` (once a day) or `none`; `now` where none is named."
    },
)


class Preferences(Schema):
    """By which ways and when you want to be told. Times are HH:MM of Asia/Shanghai."""

    addresses = _ADDRESSES
    choices = _CHOICES
    quiet_from = text("When quiet hours begin.", validate=CLOCK)
    quiet_until = text("When they end; before `quiet_from` they reach over midnight.", validate=CLOCK)
    is_quiet_on_rest_days = fields.Boolean(metadata={"description": "Days of rest are quiet as a whole."})
    urgent_passes = fields.Boolean(metadata={"description": "What is urgent comes in quiet hours too."})
    digest_at = text("When the daily digest is sent.", validate=CLOCK)


def _shown(row: Any) -> dict[str, Any]:
    names = ("id", "kind", "case_id", "task_id", "case_number", "case_title", "made_at", "read_at")
    return {name: getattr(row, name) for name in names} | {"sentence": say(row), "detail": feel.loads(row.detail)}


@blueprint.get("/notices")
@blueprint.arguments(NoticesAsked, location="query")
@blueprint.response(200, page_of(NoticeShown))
def index(asked: dict[str, Any]) -> Any:
    """List what you were told, unread first"""
    page = current.read(queries.notices, **asked)
    return {
        "items": [_shown(row) for row in page.items],
        "next": page.next,
        "total": page.total,
        "is_capped": page.is_capped,
    }


@blueprint.get("/notices/unread")
@blueprint.response(200, Unread)
def unread() -> Any:
    """Count what you have not read"""
    return {"count": current.read(queries.unread_notices)}


@blueprint.post("/notices/<uuid:notice_id>/read")
@blueprint.response(200, NoticeShown)
def mark_read(notice_id: UUID) -> Any:
    """Mark a notice as read

    A second time changes nothing.
    """
    return _shown(current.engine().read_notice(notice_id, by=current.actor()))


@blueprint.post("/notices/read")
@blueprint.response(200, NoticesRead)
def mark_all_read() -> Any:
    """Mark all notices as read"""
    return {"count": current.engine().read_notices(by=current.actor())}


@blueprint.get("/notices/preferences")
@blueprint.response(200, Preferences)
def wishes() -> Any:
    """Show by which ways and when you are told"""
    return current.read(queries.preferences)


@blueprint.patch("/notices/preferences")
@blueprint.arguments(Preferences)
@blueprint.response(200, Preferences)
def wish(sent: dict[str, Any]) -> Any:
    """Change by which ways and when you are told

    What is not sent stays as it is.
    """
    return current.engine().set_preferences(sent, by=current.actor())
