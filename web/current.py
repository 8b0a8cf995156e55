"""What a view works with: the engine, the settings and who is asking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar, cast

from flask import current_app, g, request
from flask_login import current_user
from sqlalchemy.orm import Session

from engine import Actor, Engine, calendars
from web.config import Settings

T = TypeVar("T")


def engine() -> Engine:
    """This will return the engine of the running application."""
    return cast(Engine, current_app.extensions["engine"])


def settings() -> Settings:
    """This will return the settings of the running application."""
    return cast(Settings, current_app.extensions["settings"])


def actor() -> Actor:
    """This will return the person who is signed in, with the roles chosen in the top bar; read once a request."""
    if "actor" not in g:
        g.actor = replace(current_user.actor(), origin=origin())
    return cast(Actor, g.actor)


def calendar() -> calendars.Calendar:
    """This will return the calendar in force; read once a request."""
    return once("calendar", lambda: engine().calendar)


def origin() -> str:
    """This will tell from where the request comes, as the history keeps it: "page 192.0.2.7", "api:3 192.0.2.7"."""
    from web import bearer

    address = request.remote_addr or "?"
    if not request.path.startswith("/api/"):
        return f"page {address}"
    granted = bearer.grant()
    return f"api:{granted.token_id} {address}" if granted is not None else f"api {address}"


def once(name: str, ask: Callable[[], T]) -> T:
    """This will ask something once a request, or not at all when `foresee` has told the answer."""
    if name not in g:
        setattr(g, name, ask())
    return cast(T, g.get(name))


def framed(name: str) -> Any:
    """This will return what the frame of every page shows: what the pages declare as `frame` is read together."""
    if name not in g:
        foresee(**read(frame))
    return g.get(name)


def frame(session: Session, actor: Actor) -> dict[str, Any]:
    """This will ask all that the frame of a page shows and is not known yet; pages may ask it along with their own."""
    asked: dict[str, Callable[[Session, Actor], Any]] = current_app.extensions["frame"]
    return {name: ask(session, actor) for name, ask in asked.items() if name not in g}


def foresee(**answers: Any) -> None:
    """This will keep answers that were read together, for those parts of the page that ask for them later."""
    for name, answer in answers.items():
        setattr(g, name, answer)


def read(query: Any, *args: Any, **kwargs: Any) -> Any:
    """This will run one of the engine's queries for the person who is signed in."""
    return engine().read(query, actor(), *args, **kwargs)
