"""For monitors: is the process alive, and can it work."""

from __future__ import annotations

import logging
import os

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from web import current

blueprint = Blueprint("health", __name__)
log = logging.getLogger(__name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """This will answer as long as the process answers at all."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """This will answer 200 when the database answers with the newest tables and files can be written, else 503."""
    checks = {"database": _database(), "files": os.access(current.settings().files, os.W_OK)}
    ready = all(checks.values())
    return jsonify(status="ok" if ready else "unready", checks=checks), 200 if ready else 503


def _database() -> bool:
    try:
        return current.engine().is_current()
    except SQLAlchemyError:
        log.warning("the database does not answer", exc_info=True)
        return False
