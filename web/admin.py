"""For operators: people and their roles, units, what stands still, what waits to run, what was deployed."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from engine import Actor, BihuanError, access, queries
from web import current
from web.formatting import role_title
from web.locale import is_signed_in, sentence
from web.navigation import Entry

blueprint = Blueprint("admin", __name__, url_prefix="/admin")

UNIT_KINDS = {
    "province": lazy_gettext("province"),
    "city": lazy_gettext("city"),
    "county": lazy_gettext("county"),
    "town": lazy_gettext("town"),
    "grid": lazy_gettext("grid"),
    "department": lazy_gettext("department"),
    "enterprise": lazy_gettext("enterprise"),
}


def require_operator() -> None:
    """This will refuse whoever is not an operator, before any page of the system."""
    access.require_operator(current.actor())


def tabs() -> dict[str, Any]:
    """This will tell the pages of the system which others there are; an error page has none."""
    if not is_signed_in() or not current.actor().is_admin:
        return {"tabs": ()}
    return {
        "tabs": (
            ("admin.people", gettext("People"), 0),
            ("admin.units", gettext("Units and roles"), 0),
            ("operations.incidents", gettext("Incidents"), incident_count()),
            ("operations.jobs", gettext("Jobs"), 0),
            ("schedule.index", gettext("Calendar jobs"), 0),
            ("operations.cases", gettext("Look after cases"), 0),
            ("operations.actions", gettext("Actions"), 0),
            ("calendar.index", gettext("Working calendar"), 0),
            ("retention.index", gettext("Retention"), 0),
            ("webhooks.index", gettext("Webhooks"), current.read(queries.troubled_webhooks)),
            ("messages.index", gettext("Sent messages"), current.read(queries.failed_sendings)),
            ("admin.deployments", gettext("Deployments"), 0),
            ("audit.index", gettext("Audit"), 0),
        )
    }


def guard(pages: Blueprint) -> None:
    """This will make `pages` pages of the system: for operators only, with its tabs."""
    pages.before_request(require_operator)
    pages.context_processor(tabs)


guard(blueprint)


def incident_count() -> int:
    """This will count what stands still."""
    found: int = current.read(queries.incident_count)
    return found


def trouble_count() -> int:
    """This will count what operators have to look at: incidents, messages that were given up, webhooks that are off."""
    failed: int = current.read(queries.failed_sendings)
    off: int = current.read(queries.troubled_webhooks)
    return incident_count() + failed + off


def role_choices() -> list[tuple[str, str]]:
    """This will list the roles of all process apps, by their titles, and the one of ours."""
    known = {code: title for app in current.engine().apps for code, title in app.roles.items()}
    known.setdefault(access.DESIGNER, gettext("process designer"))
    known.setdefault(access.EXTERNAL_SYSTEM, gettext("external system"))
    return sorted(known.items(), key=lambda pair: pair[1])


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """This will lead to what has to be looked at: incidents, messages that were given up, webhooks; else to people."""
    troubles = (
        ("operations.incidents", incident_count()),
        ("messages.index", current.read(queries.failed_sendings)),
        ("webhooks.index", current.read(queries.troubled_webhooks)),
    )
    return redirect(url_for(next((page for page, count in troubles if count), "admin.people")))


@blueprint.get("/people")
def people() -> str:
    """This will list the accounts."""
    q = request.args.get("q", "").strip()[:100]
    known = current.read(queries.people)
    found = [account for account in known if _matches(account, q.lower())]
    return render_template("admin/people.html", people=found, q=q)


def _matches(account: Any, words: str) -> bool:
    texts = (account.login, account.name, account.post, *(held.unit_name for held in account.roles))
    return any(words in text.lower() for text in texts)


@blueprint.get("/people/new")
def new_person() -> str:
    """This will show the form for a new account."""
    return _new_person({})


def _new_person(typed: Any, fault: str = "") -> str:
    return render_template(
        "admin/new_person.html",
        typed=typed,
        fault=fault,
        roles=role_choices(),
        units=current.read(queries.units),
    )


@blueprint.post("/people/new")
def add_person() -> ResponseReturnValue:
    """This will make an account; what was typed stays when something is wrong in it."""
    typed = {name: value.strip() for name, value in request.form.items()}
    roles = [(typed["role"], typed["unit"])] if typed.get("role") and typed.get("unit") else []
    try:
        current.engine().create_person(
            login=typed.get("login", ""),
            name=typed.get("name", ""),
            post=typed.get("post", ""),
            roles=roles,
            is_admin=typed.get("is_admin") == "yes",
            password=request.form.get("password", ""),
            by=current.actor(),
        )
    except BihuanError as error:
        return _new_person(typed, sentence(error)), 422
    flash(gettext("%(name)s can sign in now.", name=typed["name"]), "success")
    return redirect(url_for("admin.person", login=typed["login"]), 303)


@blueprint.get("/people/<login>")
def person(login: str) -> str:
    """This will show one account."""
    return render_template(
        "admin/person.html",
        person=current.read(queries.account, login),
        tokens=current.read(queries.tokens, login=login),
        roles=role_choices(),
        units=current.read(queries.units),
        typed={},
    )


@blueprint.post("/people/<login>/roles")
def give_role(login: str) -> ResponseReturnValue:
    """This will give the person a role in a unit."""
    role, unit = request.form.get("role", ""), request.form.get("unit", "")
    if role and unit:
        current.engine().give_role(login, role, unit, by=current.actor())
        flash(gettext("The role is given: %(role)s.", role=role_title(role)), "success")
    else:
        flash(gettext("Choose a role and a unit."), "danger")
    return redirect(url_for("admin.person", login=login), 303)


@blueprint.post("/people/<login>/roles/taken")
def take_role(login: str) -> ResponseReturnValue:
    """This will take a role away from the person."""
    role, unit = request.form.get("role", ""), request.form.get("unit", "")
    current.engine().take_role(login, role, unit, by=current.actor())
    flash(gettext("The role is taken away: %(role)s.", role=role_title(role)), "success")
    return redirect(url_for("admin.person", login=login), 303)


@blueprint.post("/people/<login>/password")
def reset_password(login: str) -> ResponseReturnValue:
    """This will set a new password and end all sessions of the person."""
    try:
        current.engine().set_password(login, request.form.get("password", ""), by=current.actor())
        flash(gettext("The password is set; tell it to the person by a safe way."), "success")
    except BihuanError as error:
        flash(sentence(error), "danger")
    return redirect(url_for("admin.person", login=login), 303)


@blueprint.post("/people/<login>/active")
def set_active(login: str) -> ResponseReturnValue:
    """This will disable an account, or put it into use again; nobody locks themselves out."""
    is_active = request.form.get("active") == "yes"
    if login == current.actor().login and not is_active:
        flash(gettext("You cannot disable your own account."), "danger")
    else:
        current.engine().set_active(login, is_active, by=current.actor())
        flash(gettext("The account is in use again.") if is_active else gettext("The account is disabled."), "success")
    return redirect(url_for("admin.person", login=login), 303)


@blueprint.post("/people/<login>/tokens/<int:token_id>/revoked")
def revoke_token(login: str, token_id: int) -> ResponseReturnValue:
    """This will make a token of the person void."""
    token = current.engine().revoke_token(token_id, by=current.actor())
    flash(gettext("The token “%(name)s” is void now.", name=token.name), "success")
    return redirect(url_for("admin.person", login=login), 303)


@blueprint.get("/units")
def units() -> str:
    """This will show the org tree and the roles, with how many people hold them."""
    everybody = current.read(queries.people)
    holders = Counter(held.role for person in everybody for held in person.roles if person.is_active)
    return render_template(
        "admin/units.html",
        units=current.read(queries.units),
        kinds=UNIT_KINDS,
        roles=role_choices(),
        holders=holders,
    )


@blueprint.get("/deployments")
def deployments() -> str:
    """This will list what was put in force, the newest on top."""
    return render_template(
        "admin/deployments.html",
        deployments=current.read(queries.deployments),
        apps={app.name: app.title for app in current.engine().apps},
    )


def is_operator(actor: Actor) -> bool:
    """This will tell whether the actor looks after the installation."""
    return actor.is_admin


navigation = (
    Entry(
        "admin.index",
        lazy_gettext("System"),
        "settings",
        visible=is_operator,
        count=trouble_count,
        within=(
            "admin.",
            "operations.",
            "schedule.",
            "repairs.",
            "retention.",
            "webhooks.",
            "messages.",
            "audit.",
            "calendar.",
        ),
    ),
)
