"""For operators: how long ended cases are kept, what the next clean-up would delete, and what was deleted."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import BihuanError, Invalid, queries
from web import current
from web.admin import guard
from web.locale import sentence
from web.operations import process_names

blueprint = Blueprint("retention", __name__, url_prefix="/admin/retention")
guard(blueprint)


@blueprint.get("")
def index() -> str:
    """This will show the rules, and what stays of deleted cases."""
    return _page({})


def _page(typed: dict[str, Any]) -> str:
    engine, q = current.engine(), request.args.get("q", "").strip()[:100]
    is_counting = request.args.get("count") == "yes"
    return render_template(
        "admin/retention.html",
        rules=current.read(queries.retention_rules),
        due=engine.due_for_deletion(by=current.actor()) if is_counting else None,
        page=current.read(queries.deleted_cases, q=q, after=request.args.get("after")),
        q=q,
        typed=typed,
        apps={app.name: app.title for app in engine.apps},
        processes=[(each.app, each.process_id, each.name) for each in current.read(queries.definitions)],
        process_names=process_names(),
        outcomes=outcomes(),
    )


def outcomes() -> dict[str, str]:
    """This will name the outcomes that every process knows."""
    return {"": gettext("every outcome"), "closed": gettext("closed"), "cancelled": gettext("cancelled")}


@blueprint.post("")
def set_rule() -> ResponseReturnValue:
    """This will set a rule; what was typed stays when something is wrong in it."""
    form = request.form
    app, _, process_id = form.get("which", "").partition("/")
    try:
        days = None if form.get("forever") == "yes" else form.get("days", type=int)
        if days is None and form.get("forever") != "yes":
            raise Invalid
        current.engine().set_retention(
            app,
            days,
            by=current.actor(),
            reason=form.get("reason", ""),
            process_id=process_id,
            outcome=form.get("end", "").strip() or form.get("outcome", ""),
        )
    except BihuanError as error:
        flash(gettext("Give a number of days, or choose for ever.") if type(error) is Invalid else sentence(error),
              "danger")  # fmt: skip
        return _page(form.to_dict()), 422
    flash(gettext("The rule is set; the next clean-up keeps to it."), "success")
    return redirect(url_for("retention.index"), 303)


@blueprint.post("/dropped")
def drop_rule() -> ResponseReturnValue:
    """This will drop a rule."""
    form = request.form
    try:
        current.engine().drop_retention(
            form.get("app", ""),
            by=current.actor(),
            reason=form.get("reason", ""),
            process_id=form.get("process", ""),
            outcome=form.get("outcome", ""),
        )
        flash(gettext("The rule is dropped."), "success")
    except BihuanError as error:
        flash(sentence(error), "danger")
    return redirect(url_for("retention.index"), 303)
