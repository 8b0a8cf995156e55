"""The same for many rows of a list at once, and what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from engine import Done, NotFound, Refused, queries
from web import current
from web.dialogs import back, text, ticked
from web.locale import sentence

blueprint = Blueprint("bulk", __name__, url_prefix="/many")

MOST = 200  # rows of one page


@dataclass(frozen=True)
class Became:
    """What became of one task: `fault` is empty when it went well."""

    words: str
    number: str
    address: str
    fault: str


@blueprint.post("/claim")
def claim() -> ResponseReturnValue:
    """This will take the ticked tasks from their queues."""
    return _answer(gettext("Claim"), current.engine().claim_tasks(ticked(), by=current.actor()))


@blueprint.post("/release")
def release() -> ResponseReturnValue:
    """This will put the ticked tasks back into their queues."""
    return _answer(gettext("Release"), current.engine().release_tasks(ticked(), by=current.actor()))


@blueprint.post("/transfer")
def transfer() -> ResponseReturnValue:
    """This will give the ticked tasks to somebody for good."""
    done = current.engine().transfer_tasks(ticked(), text("login"), by=current.actor(), note=text("note"))
    return _answer(gettext("Transfer"), done)


@blueprint.post("/urge")
def urge() -> ResponseReturnValue:
    """This will urge the open tasks of the ticked cases."""
    done = current.engine().urge_tasks(_open_tasks(ticked()[:MOST]), by=current.actor(), text=text("text"))
    return _answer(gettext("Urge"), done)


def _open_tasks(cases: Sequence[UUID]) -> list[UUID]:
    found: list[UUID] = []
    for case in cases:
        try:
            view = current.read(queries.case, case)
        except (NotFound, Refused):
            continue
        found += [task.id for task in view.tasks if task.state == "open"]
    return found


def _answer(verb: str, done: Sequence[Done]) -> ResponseReturnValue:
    """Back to the list when all went well; else a page that tells which did not, and why."""
    home = back(url_for("inbox.index"))
    failed = sum(not each.is_done for each in done)
    if not failed:
        words = ngettext("%(verb)s: %(num)d task", "%(verb)s: %(num)d tasks", len(done), verb=verb)
        flash(words if done else gettext("There was nothing to do."), "success" if done else "info")
        return redirect(home, 303)
    rows = [_became(each) for each in done]
    return render_template("inbox/became.html", verb=verb, rows=rows, failed=failed, home=home, asked=request.path)


def _became(each: Done) -> Became:
    fault = sentence(each.error) if each.error is not None else ""
    try:
        task: Any = current.read(queries.task, each.id).task
    except (NotFound, Refused):
        return Became("", "", "", fault)
    address = url_for("tasks.show", task_id=task.id)
    return Became(f"{task.name} · {task.case_title}", task.case_number, address, fault)
