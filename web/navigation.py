"""What stands in the left navigation and in the phone's bottom bar; each page module declares its own entries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, request
from flask_login import current_user

from engine import Actor
from web import current


def everybody(actor: Actor) -> bool:
    """This will let every signed-in person see an entry."""
    return True


@dataclass(frozen=True)
class Entry:
    """One entry: where it leads, what it is called, and who sees it.

    `title` is a lazy translation, `icon` a name of the icon sprite; `count` is asked on each page and shown when it is
    not 0; `phone` puts the entry into the bottom bar of a phone under that title; `within` are the endpoints or
    blueprints (with a dot at the end) on which the entry is marked as the current one.
    """

    endpoint: str
    title: Any
    icon: str
    visible: Callable[[Actor], bool] = everybody
    count: Callable[[], int] | None = None
    phone: Any = None
    within: tuple[str, ...] = ()

    @property
    def is_current(self) -> bool:
        """This will tell whether the page of this request belongs to the entry."""
        endpoint = request.endpoint or ""
        return endpoint == self.endpoint or any(
            endpoint.startswith(name) if name.endswith(".") else endpoint == name for name in self.within
        )


def entries() -> list[Entry]:
    """This will return the entries that the signed-in person may use."""
    if not current_user.is_authenticated:
        return []
    actor = current.actor()
    return [entry for entry in current_app.extensions["navigation"] if entry.visible(actor)]


def register(app: Flask) -> None:
    """This will let the templates ask for the navigation."""
    app.extensions["navigation"] = []
    app.extensions["frame"] = {}
    app.jinja_env.globals["navigation"] = entries
