"""Files of cases as JSON and bytes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request, send_file
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from marshmallow import Schema, ValidationError, fields

from web import current
from web.api import schemas
from web.api.routes import Blueprint

blueprint = Blueprint("api-attachments", __name__, url_prefix="/api", description="Files")


class Upload(Schema):
    """Where an uploaded file belongs: to a case, to a task, or to a case that is yet to be started."""

    case_id = fields.UUID(load_default=None)
    task_id = fields.UUID(load_default=None)


FILE_BODY = {
    "requestBody": {
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "case_id": {"type": "string"},
                        "task_id": {"type": "string"},
                    },
                }
            }
        }
    }
}


@blueprint.post("/attachments")
@blueprint.doc(**FILE_BODY)
@blueprint.response(201, schemas.AttachmentSummary)
def upload() -> Any:
    """Upload a file

    As `multipart/form-data`: `file`, and `case_id` or `task_id` where it belongs. Without both it waits for
    a case that you start with its id.
    """
    file = request.files.get("file")
    if file is None or not file.filename:
        raise ValidationError({"file": [gettext("This is needed.")]})
    where = Upload().load({name: value for name, value in request.form.items() if name in Upload().fields and value})
    return current.engine().attach(
        by=current.actor(),
        name=file.filename,
        stream=file.stream,
        **where,
    )


@blueprint.get("/attachments/<uuid:attachment_id>")
@blueprint.response(200, content_type="application/octet-stream")
def download(attachment_id: UUID) -> ResponseReturnValue:
    """Download a file"""
    attachment, path = current.engine().open_attachment(attachment_id, by=current.actor())
    return send_file(path.resolve(), attachment.content_type, as_attachment=True, download_name=attachment.name)
