"""Who is asking: sign in and out, sessions, the roles chosen in the top bar."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, Flask, Request, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from flask_wtf.csrf import CSRFProtect

from engine import Actor, Membership, Person, PersonInvalid, queries
from web import bearer, current, errors
from web.addresses import safe
from web.formatting import role_title
from web.locale import sentence

blueprint = Blueprint("accounts", __name__)
sessions = LoginManager()
limiter = Limiter(get_remote_address)

OPEN_TO_ALL = {"static", "accounts.sign_in", "locale.switch", "health.healthz", "health.readyz", "metrics.show"}


class Visitor(UserMixin):  # type: ignore[misc]
    """A person who is signed in."""

    def __init__(self, person: Person, actor: Actor | None = None) -> None:
        """This will stand for `person` in this session, who acts as `actor` (default: read when it is asked for)."""
        self.person = person
        self._actor = actor

    def get_id(self) -> str:
        """This will return what the session cookie holds: it becomes void when the person's stamp changes."""
        return f"{self.person.id}.{self.person.session_stamp}"

    def whole_actor(self) -> Actor:
        """This will return the person with all roles."""
        if self._actor is None:
            self._actor = current.engine().actor(self.person.id)
        return self._actor

    def actor(self) -> Actor:
        """This will return the person with the one role chosen in the top bar, or with all."""
        actor = self.whole_actor()
        chosen = tuple(member for member in actor.memberships if membership_key(member) == session.get("role"))
        return replace(actor, memberships=chosen) if chosen else actor


class Program(Visitor):
    """A program that acts for a person, with all roles of that person."""

    def actor(self) -> Actor:
        """This will return the person with all roles: the top bar of a browser counts for nothing here."""
        return self.whole_actor()


class FormGuard(CSRFProtect):  # type: ignore[misc]
    """Asks every unsafe request for the token of its page, but not programs: no page makes a browser send theirs.

    Nor whoever calls the API without a session: there is nothing to forge, and to sign in is what is missing.
    """

    def protect(self, *args: Any, **kwargs: Any) -> None:
        """This will refuse forged requests. Raises CSRFError."""
        is_nobody = request.path.startswith("/api/") and not current_user.is_authenticated
        if not bearer.is_used() and not is_nobody:
            super().protect(*args, **kwargs)


def membership_key(membership: Membership) -> str:
    """This will return the text that stands for a role in a unit in forms and sessions."""
    return f"{membership.role}@{membership.unit_id}"


@sessions.user_loader  # type: ignore[untyped-decorator]
def load(key: str) -> Visitor | None:
    """This will return the visitor of a session cookie, or none when it is void or a token is used instead."""
    if bearer.is_used():
        return None
    number, _, stamp = key.partition(".")
    visitor = load_person(int(number)) if number.isdigit() else None
    return visitor if visitor and visitor.person.session_stamp == stamp else None


@sessions.request_loader  # type: ignore[untyped-decorator]
def load_program(_request: Request) -> Visitor | None:
    """This will return the program that the token of a request stands for, or none."""
    granted = bearer.grant()
    visitor = load_person(granted.person_id) if granted is not None else None
    return Program(visitor.person, visitor.whole_actor()) if visitor is not None else None


def load_person(person_id: int | None) -> Visitor | None:
    """This will return the visitor who is the person with this id."""
    found = current.engine().read(queries.signed_in, person_id) if person_id is not None else None
    return Visitor(*found) if found is not None else None


def destination(address: str | None) -> str:
    """This will return `address` when it leads to a page of ours, else the inbox."""
    return safe(address, url_for("inbox.index"))


def attempted_login() -> str:
    """This will return the name that somebody tries to sign in by: attempts are counted by it too."""
    return "login:" + request.form.get("login", "").strip().lower()[:64]


def rate() -> str:
    """This will return how many attempts to sign in are allowed."""
    return current.settings().sign_in_rate


@blueprint.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    """This will show the sign-in page."""
    if current_user.is_authenticated:
        return redirect(destination(request.args.get("next")))
    return _page()


@blueprint.post("/sign-in", endpoint="sign_in_post")
@limiter.limit(rate)
@limiter.limit(rate, key_func=attempted_login)
def check() -> ResponseReturnValue:
    """This will sign a person in, or say that name or password is wrong, not which."""
    login = request.form.get("login", "").strip()
    person = current.engine().sign_in(login, request.form.get("password", ""))
    if person is None:
        return _page(login, gettext("The name or the password is wrong.")), 401
    session.clear()
    session.permanent = True
    login_user(Visitor(person))
    return redirect(destination(request.form.get("next")), 303)


def _page(login: str = "", fault: str = "") -> str:
    settings = current.settings()
    accounts = demo_accounts() if settings.demo else []
    address = request.values.get("next", "")
    return render_template(
        "accounts/sign_in.html",
        login=login,
        fault=fault,
        next=address,
        accounts=accounts,
        demo_password=settings.demo_password,
    )


def demo_accounts() -> list[tuple[str, list[queries.Account]]]:
    """This will return the accounts of a demo by their role, in the order in which the process apps name the roles."""
    order = [role for app in current.engine().apps for role in app.roles]
    groups: dict[str, list[queries.Account]] = {role: [] for role in order}
    operators: list[queries.Account] = []
    for account in current.engine().read(queries.accounts):
        (groups.setdefault(account.roles[0].role, []) if account.roles else operators).append(account)
    named = [(role_title(role), accounts) for role, accounts in groups.items() if accounts]
    return [*named, (gettext("administrator"), operators)] if operators else named


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """This will end the session, and forget the pages that the browser keeps for going back."""
    logout_user()
    session.clear()
    response = redirect(url_for("accounts.sign_in"), 303)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@blueprint.get("/me")
def me() -> str:
    """This will show who is signed in, with all units and roles."""
    return render_template("accounts/me.html", whole=current_user.whole_actor())


@blueprint.post("/role")
def choose_role() -> ResponseReturnValue:
    """This will work under one of the person's roles from now on, or under all again."""
    key = request.form.get("role", "")
    if key in {membership_key(member) for member in current_user.whole_actor().memberships}:
        session["role"] = key
    else:
        session.pop("role", None)
    return redirect(url_for("inbox.index"), 303)


@blueprint.post("/me/password")
@limiter.limit(rate)
def change_password() -> ResponseReturnValue:
    """This will change the person's own password when the old one is right, and end all other sessions."""
    old, new = request.form.get("old", ""), request.form.get("new", "")
    if current.engine().sign_in(current_user.person.login, old) is None:
        flash(gettext("The old password is wrong."), "danger")
    elif new != request.form.get("again", ""):
        flash(gettext("The two new passwords differ."), "danger")
    elif (fault := _set_password(new)) is not None:
        flash(fault, "danger")
    else:
        flash(gettext("The password is changed. All other sessions have ended."), "success")
    return redirect(url_for("accounts.me"), 303)


def _set_password(new: str) -> str | None:
    actor = current_user.whole_actor()
    try:
        current.engine().set_password(actor.login, new, by=actor)
    except PersonInvalid as fault:
        return sentence(fault)
    login_user(load_person(actor.person_id))
    return None


def require_sign_in() -> ResponseReturnValue | None:
    """This will send everybody who is not signed in to the sign-in page, and back after it."""
    endpoint = request.endpoint
    if endpoint is None or endpoint in OPEN_TO_ALL or endpoint == "accounts.sign_in_post":
        return None
    if current_user.is_authenticated or request.path.startswith("/api/"):
        return None  # the API has its own ways to sign in
    if errors.wants_json() or request.headers.get("HX-Request"):
        return errors.answer(401, "")
    address = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("accounts.sign_in", next=address))


def register(app: Flask) -> None:
    """This will guard all pages of `app` by sessions, CSRF tokens and limits of attempts."""
    sessions.session_protection = "basic"  # phones change their address: a session lives on, but is not fresh
    sessions.init_app(app)
    FormGuard(app)
    limiter.init_app(app)
    app.before_request(require_sign_in)
    app.jinja_env.globals.update(
        membership_key=membership_key,
        current_actor=current.actor,
        site_title=lambda: current.settings().title or gettext("Bihuan"),
    )
