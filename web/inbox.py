"""What waits for me, what I have done, what I have started."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from engine import queries
from web import current
from web.addresses import here
from web.formatting import role_title
from web.navigation import Entry

blueprint = Blueprint("inbox", __name__)

SHOWS = ("all", "mine", "queue")
DUES = ("overdue", "soon")
SORTS = ("due", "-due", "created", "-created")


@dataclass(frozen=True)
class Chip:
    """A filter above a list: its address, its words, and how many it leads to."""

    address: str
    title: str
    count: int | None = None
    is_current: bool = False
    tone: str = ""


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """This will lead to the inbox: the first thing a handler wants to see."""
    return redirect(url_for("inbox.index"))


@blueprint.get("/inbox")
def index() -> str:
    """This will list the tasks that wait for the person, the most urgent on top."""
    asked = _asked()
    page = current.read(queries.inbox, **asked, after=request.args.get("after"))
    return render_template(
        "inbox/index.html",
        page=page,
        chips=list(_chips(asked)),
        q=asked["q"],
        sort=asked["sort"],
        is_filtered=any(request.args.get(name) for name in ("show", "queue", "due", "q")),
        may_start=may_start(),
    )


def _asked() -> dict[str, Any]:
    args = request.args
    queue = args.get("queue", "")
    return {
        "show": args["show"] if args.get("show") in SHOWS else "all",
        "queue_id": int(queue) if queue.isdigit() else None,
        "due": args["due"] if args.get("due") in DUES else None,
        "q": args.get("q", "").strip()[:100],
        "sort": args["sort"] if args.get("sort") in SORTS else "due",
        "soon_days": current.settings().soon_days,
    }


def _chips(asked: dict[str, Any]) -> Iterator[Chip]:
    counts = current.read(queries.inbox_counts, soon_days=current.settings().soon_days)
    whole = asked["show"] == "all" and asked["queue_id"] is None

    def chip(title: str, count: int, is_current: bool, tone: str = "", **changes: Any) -> Chip:
        return Chip(here(after=None, **changes), title, count, is_current, tone)

    yield chip(gettext("All"), counts.all, whole and not asked["due"], show=None, queue=None, due=None)
    yield chip(gettext("Mine"), counts.mine, asked["show"] == "mine", show="mine", queue=None)
    for queue in counts.queues:
        title = f"{queue.unit_name} {role_title(queue.role)}"
        is_current = asked["queue_id"] == queue.queue_id
        yield chip(title, queue.open, is_current, show=None, queue=None if is_current else queue.queue_id)
    for tone, title, count in (
        ("overdue", gettext("Overdue"), counts.overdue),
        ("soon", gettext("Due soon"), counts.soon),
    ):
        is_current = asked["due"] == tone
        yield chip(title, count, is_current, tone, due=None if is_current else tone)


def may_start() -> bool:
    """This will tell whether the person may start any process."""
    return bool(current.read(queries.startable))


@blueprint.get("/done")
def done() -> str:
    """This will list what the person has done, newest first."""
    return render_template("inbox/done.html", page=current.read(queries.done, after=request.args.get("after")))


@blueprint.get("/started")
def started() -> str:
    """This will list the cases that the person has started, newest first."""
    page = current.read(queries.started, after=request.args.get("after"))
    return render_template("inbox/started.html", page=page, may_start=may_start())


def waiting() -> int:
    """This will count the tasks that wait for the person."""
    return int(current.read(queries.inbox_counts).all)


navigation = [
    Entry(
        "inbox.index",
        lazy_gettext("Inbox"),
        "inbox",
        count=waiting,
        phone=lazy_gettext("Inbox"),
        within=("inbox.", "tasks."),
    ),
]
