"""What waits for me, what I have done, what I have started."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from sqlalchemy.orm import Session

from engine import Actor, Task, queries
from web import current, narrowing
from web.addresses import here
from web.formatting import role_title
from web.narrowing import Chip
from web.navigation import Entry

blueprint = Blueprint("inbox", __name__)

SHOWS = ("all", "mine", "queue", "acting")
DUES = ("overdue", "soon")
SORTS = {
    "due": lazy_gettext("Due first"),
    "new": lazy_gettext("Newest first"),
    "priority": lazy_gettext("Important first"),
    "urged": lazy_gettext("Urged first"),
}
HEADINGS = ("-due", "created", "-created")  # what the headings of the table sort by besides


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """This will lead to the inbox: the first thing a handler wants to see."""
    return redirect(url_for("inbox.index"))


@blueprint.get("/inbox")
def index() -> str:
    """This will list the tasks that wait for the person, the most urgent on top."""
    asked, narrowed = _asked(), narrowing.asked()
    page = current.read(_everything, {**asked, **narrowed, "after": request.args.get("after")})
    return render_template(
        "inbox/index.html",
        page=page,
        chips=list(_chips(asked)),
        narrowed=list(narrowing.chips(process_names())),
        kept=narrowing.kept(),
        processes=processes(),
        offered=narrowing.offered(),
        q=asked["q"],
        sort=asked["sort"],
        sorts=SORTS,
        is_filtered=narrowing.is_filtered(),
        my_units=_my_units,
        may_start=may_start(),
    )


def _my_units() -> list[tuple[str, str]]:
    """The units with which the person may share a filter, as code and name."""
    held = {member.unit_id for member in current.actor().memberships}
    return sorted(current.read(queries.unit_codes, held).items(), key=lambda pair: pair[1])


def _everything(session: Session, actor: Actor, asked: Mapping[str, Any]) -> queries.Page[Task]:
    """All that the page shows and its frame counts, read together: one transaction instead of a dozen."""
    page = queries.inbox(session, actor, **asked)
    current.foresee(
        processes=queries.processes(session, actor),
        kept_filters=queries.kept_filters(session, actor),
        calendar=queries.calendar(session),
        **current.frame(session, actor),
    )
    return page


def counts() -> queries.Counts:
    """This will count what waits for the person."""
    found: queries.Counts = current.framed("inbox_counts")
    return found


def processes() -> list[queries.ProcessNamed]:
    """This will list the processes in which people have steps."""
    return current.once("processes", lambda: current.read(queries.processes))


def process_names() -> dict[str, str]:
    """This will return the names of the processes in which people have steps, by id."""
    return {each.process_id: each.name for each in processes()}


def acted_for(task: Task) -> str:
    """This will name who is away and for whom the person would do a task; nobody: empty."""
    standin = queries.standin_of(current.actor(), task)
    return standin.name if standin is not None else ""


@blueprint.app_context_processor
def shared() -> dict[str, Any]:
    """This will let the templates mark tasks that are somebody else's."""
    return {"acted_for": acted_for}


def _asked() -> dict[str, Any]:
    args = request.args
    queue = args.get("queue", "")
    return {
        "show": args["show"] if args.get("show") in SHOWS else "all",
        "queue_id": int(queue) if queue.isdigit() else None,
        "due": args["due"] if args.get("due") in DUES else None,
        "q": args.get("q", "").strip()[:100],
        "sort": args["sort"] if args.get("sort") in (*SORTS, *HEADINGS) else "due",
        "soon_days": current.settings().soon_days,
    }


def _chips(asked: dict[str, Any]) -> Iterator[Chip]:
    waits = counts()
    whole = asked["show"] == "all" and asked["queue_id"] is None

    def chip(title: str, count: queries.Tally | None, is_current: bool, tone: str = "", **changes: Any) -> Chip:
        return Chip(here(after=None, **changes), title, count, is_current, tone)

    yield chip(gettext("All"), waits.all, whole and not asked["due"], show=None, queue=None, due=None)
    yield chip(gettext("Mine"), waits.mine, asked["show"] == "mine", show="mine", queue=None)
    if waits.acting or asked["show"] == "acting":
        yield chip(gettext("For who is away"), waits.acting, asked["show"] == "acting", show="acting", queue=None)
    for queue in waits.queues:
        title = f"{queue.unit_name} {role_title(queue.role)}"
        is_current = asked["queue_id"] == queue.queue_id
        yield chip(title, queue.open, is_current, show=None, queue=None if is_current else queue.queue_id)
    for tone, title, count in (
        ("overdue", gettext("Overdue"), waits.overdue),
        ("soon", gettext("Due soon"), waits.soon),
    ):
        is_current = asked["due"] == tone
        yield chip(title, count, is_current, tone, due=None if is_current else tone)
    if not request.args.get("urged"):
        yield chip(gettext("urged"), None, False, urged="yes")


def may_start() -> bool:
    """This will tell whether the person may start any process."""
    return bool(current.framed("startable"))


@blueprint.get("/done")
def done() -> str:
    """This will list what the person has done, newest first."""
    page = current.read(queries.done, after=request.args.get("after"))
    absent = current.read(queries.names, {task.on_behalf_id for task in page.items if task.on_behalf_id})
    return render_template("inbox/done.html", page=page, absent=absent)


@blueprint.get("/started")
def started() -> str:
    """This will list the cases that the person has started, newest first."""
    page = current.read(queries.started, after=request.args.get("after"))
    return render_template("inbox/started.html", page=page, may_start=may_start())


def waiting() -> int:
    """This will count the tasks that wait for the person."""
    return counts().all


def _counted(session: Session, actor: Actor) -> queries.Counts:
    return queries.inbox_counts(session, actor, soon_days=current.settings().soon_days)


frame = {"inbox_counts": _counted, "startable": queries.startable}
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
