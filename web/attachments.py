"""Files of cases: upload, download, and small pictures for lists."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, abort, flash, jsonify, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.datastructures import FileStorage

from engine import Attachment
from web import current, errors
from web.dossier import PHOTOS, file_address
from web.previews import preview

blueprint = Blueprint("attachments", __name__, url_prefix="/attachments")


@blueprint.post("/")
def upload() -> ResponseReturnValue:
    """This will keep a file that was chosen in a form, before the form itself is sent."""
    file = _sent()
    if file is None:
        return errors.answer(422, gettext("No file was sent."))
    task = request.args.get("task_id", type=UUID)
    kept = _keep(file, task_id=task)
    return (
        jsonify(
            id=str(kept.id),
            name=kept.name,
            size=kept.size,
            content_type=kept.content_type,
            url=file_address(kept.id),
        ),
        201,
    )


@blueprint.post("/of/<uuid:case_id>")
def attach(case_id: UUID) -> ResponseReturnValue:
    """This will attach a file to a case from its page."""
    file = _sent()
    task = request.form.get("task", type=UUID)
    if file is None:
        return errors.answer(422, gettext("No file was sent."))
    kept = _keep(file, case_id=case_id, task_id=task)
    flash(gettext("Attached: %(name)s", name=kept.name), "success")
    page = url_for("tasks.show", task_id=task) if task else url_for("cases.show", case_id=case_id)
    return redirect(f"{page}#attachments", 303)


def _sent() -> FileStorage | None:
    file = request.files.get("file")
    return file if file is not None and file.filename else None


def _keep(file: FileStorage, *, case_id: UUID | None = None, task_id: UUID | None = None) -> Attachment:
    return current.engine().attach(
        by=current.actor(),
        name=file.filename or "",
        stream=file.stream,
        case_id=case_id,
        task_id=task_id,
    )


@blueprint.get("/<uuid:attachment_id>")
def show(attachment_id: UUID) -> ResponseReturnValue:
    """This will send a file: photos to look at, all else to keep, and nothing that a browser would run."""
    attachment, path = current.engine().open_attachment(attachment_id, by=current.actor())
    is_photo = attachment.content_type in PHOTOS
    response = send_file(
        path.resolve(),
        mimetype=attachment.content_type if is_photo else "application/octet-stream",
        as_attachment=not is_photo,
        download_name=attachment.name,
        etag=attachment.sha256,
        conditional=True,
    )
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@blueprint.get("/<uuid:attachment_id>/preview")
def show_preview(attachment_id: UUID) -> ResponseReturnValue:
    """This will send a small picture of a photo."""
    attachment, path = current.engine().open_attachment(attachment_id, by=current.actor())
    small = preview(path) if attachment.content_type in PHOTOS else None
    if small is None:
        abort(404)
    response = send_file(small, mimetype="image/jpeg", etag=f"{attachment.sha256}-small")
    response.headers["Cache-Control"] = "private, max-age=86400"  # the bytes behind an id never change
    return response.make_conditional(request)
