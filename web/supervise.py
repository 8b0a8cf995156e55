"""The supervision board: what is overdue or soon due, by unit and step; every number opens its cases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import quote_plus

from flask import Blueprint, abort, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from engine import Actor, Unit, queries
from web import current
from web.addresses import here
from web.narrowing import Chip
from web.navigation import Entry

blueprint = Blueprint("supervise", __name__, url_prefix="/supervise")

DUES = ("overdue", "soon")


@dataclass
class Counts:
    """How many tasks are open, and how many of them soon due or overdue."""

    overdue: int = 0
    soon: int = 0
    open: int = 0

    def add(self, cell: Any) -> None:
        """This will add the counts of a cell of the board."""
        self.overdue += cell.overdue
        self.soon += cell.soon
        self.open += cell.open


@dataclass
class Row:
    """One line of the board: a unit with all units below it. `opens` tells that there is a board below it."""

    unit: Any
    opens: bool = False
    total: Counts = field(default_factory=Counts)
    steps: defaultdict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))

    def add(self, cell: Any) -> None:
        """This will add a cell of this unit or of one below it."""
        self.total.add(cell)
        self.steps[cell.step].add(cell)


@dataclass(frozen=True)
class Whole:
    """All of mine, where that is more than one unit: the line above the units of the first board."""

    name: str
    code: str = ""
    path: str = ""


class Grid:
    """The board of one unit: its rows, its columns, and their sums."""

    def __init__(self, tops: list[Any], cells: Iterable[Any], units: Iterable[Any]) -> None:
        """This will sum up `cells` under the units in `tops`; what lies in none of them is left out."""
        self.rows: dict[str, Row] = {}
        self.columns: defaultdict[str, Counts] = defaultdict(Counts)
        self.totals = Counts()
        parents = {unit.parent_id for unit in units}
        paths = sorted(((top.path, top) for top in tops), key=lambda pair: -len(pair[0]))
        for cell in cells:
            top = next((top for path, top in paths if cell.unit_path.startswith(path)), None)
            if top is None:
                continue
            row = self.rows.setdefault(top.code, Row(top))
            row.opens = row.opens or (top.id in parents and cell.unit_path != top.path)
            row.add(cell)
            self.columns[cell.step].add(cell)
            self.totals.add(cell)

    def sorted_rows(self) -> list[Row]:
        """This will return the rows, the unit with most overdue tasks on top."""
        return sorted(self.rows.values(), key=lambda row: (-row.total.overdue, -row.total.soon, row.unit.code))

    def late_steps(self, order: list[str]) -> list[str]:
        """This will return the steps in which anything is overdue or soon due, in the order of `order`."""
        places = {name: place for place, name in enumerate(order)}
        late = [step for step, counts in self.columns.items() if counts.overdue or counts.soon]
        return sorted(late, key=lambda step: (places.get(step, len(places)), step))


def units() -> list[Any]:
    """This will list the units that lie in what the person oversees, each after the one above it."""
    listed: list[Any] = current.read(queries.units, below=True)
    return listed


def tops(known: list[Any], code: str | None) -> list[Any]:
    """This will return the units that are lines of the board: those directly below `code`, and `code` itself.

    Without `code`: the only unit that the person oversees is opened at once; several are lines.
    """
    if code is None:
        above = {unit.id for unit in known}
        roots = [unit for unit in known if unit.parent_id not in above]
        if len(roots) != 1:
            return roots
        code = roots[0].code
    chosen = next((unit for unit in known if unit.code == code), None)
    if chosen is None:
        abort(404)
    return [chosen, *(unit for unit in known if unit.parent_id == chosen.id)]


def trail(known: list[Any], code: str | None) -> list[Any]:
    """This will return the way from the top of what the person oversees down to `code`."""
    by_id = {unit.id: unit for unit in known}
    here_ = next((unit for unit in known if unit.code == code), None)
    way: list[Any] = []
    while here_ is not None:
        way.insert(0, here_)
        here_ = by_id.get(here_.parent_id)
    roots = [unit for unit in known if unit.parent_id not in by_id]
    return way if len(roots) == 1 else [Whole(gettext("All my units")), *way]


def board(code: str | None = None) -> Any:
    """This will return the engine's board of the unit `code`, or of all that the person oversees."""
    unit = next((unit for unit in units() if unit.code == code), None) if code else None
    if code and unit is None:
        abort(404)
    return current.read(
        queries.board,
        unit_path=unit.path if unit else None,
        now=datetime.now(UTC),
        soon_days=current.settings().soon_days,
    )


@blueprint.get("/")
def index() -> str:
    """This will show the board of a unit: the units below it down, the steps across."""
    code = request.args.get("unit") or None
    known = units()
    grid = Grid(tops(known, code), board(code).cells, known)

    home, quoted = url_for("supervise.cases"), cache(quote_plus)  # a large board has thousands of addresses

    def address(unit: Any, step: str | None, tone: str) -> str:
        asked = {"unit": unit.code if unit is not None else code, "step": step, "due": tone if tone != "open" else None}
        query = "&".join(f"{name}={quoted(value)}" for name, value in asked.items() if value)
        return f"{home}?{query}" if query else home

    return render_template(
        "supervise/index.html",
        at=datetime.now(UTC),
        trail=trail(known, code),
        rows=grid.sorted_rows(),
        steps=grid.late_steps(current.read(step_order)),
        columns=grid.columns,
        totals=grid.totals,
        soon_days=current.settings().soon_days,
        address=address,
        words={"overdue": gettext("overdue"), "soon": gettext("due soon")},
    )


@blueprint.get("/cases")
def cases() -> str:
    """This will list the cases behind a number of the board: who has them, where, by when, how late."""
    code, step, due = (request.args.get(name) or None for name in ("unit", "step", "due"))
    known = units()
    unit = next((unit for unit in known if unit.code == code), None)
    if code and unit is None:
        abort(404)
    page = current.read(
        queries.board_tasks,
        unit_path=unit.path if unit else None,
        step=step,
        due=due if due in DUES else None,
        now=datetime.now(UTC),
        soon_days=current.settings().soon_days,
        after=request.args.get("after"),
    )
    return render_template(
        "supervise/cases.html",
        page=page,
        heading=_heading(unit, step, due),
        back=url_for("supervise.index", unit=code),
        chips=list(_chips(due)),
        filters=list(_filters(unit, step)),
        names=current.read(queries.names, {task.assignee_id for task in page.items if task.assignee_id}),
    )


def _heading(unit: Any, step: str | None, due: str | None) -> str:
    what = {"overdue": gettext("Overdue tasks"), "soon": gettext("Tasks due soon")}.get(
        due or "", gettext("Open tasks")
    )
    return " · ".join(part for part in (what, unit.name if unit is not None else "", step or "") if part)


def _chips(due: str | None) -> Iterator[Chip]:
    for value, title in ((None, gettext("all open")), ("overdue", gettext("overdue")), ("soon", gettext("due soon"))):
        yield Chip(here(due=value, after=None), title, is_current=due == value)


def _filters(unit: Any, step: str | None) -> Iterator[Chip]:
    if unit is not None:
        yield Chip(here(unit=None, after=None), unit.name)
    if step:
        yield Chip(here(step=None, after=None), step)


def step_order(session: Session, actor: Actor) -> list[str]:
    """This will list the names of the tasks of all processes in force, as their diagrams list them."""
    library = session.info["library"]
    newest = [versions[-1] for versions in library.catalog(session).processes.values()]
    return [task.name for row in newest for task in library.process(session, row.id).tasks]


def has_units_below(session: Session, actor: Actor) -> bool:
    """This will tell whether the actor oversees units other than those where a role is held."""
    if not actor.scopes:
        return False
    inside = (and_(Unit.path > scope, Unit.path < f"{scope[:-1]}0") for scope in actor.scopes)
    below = select(Unit.id).where(or_(*inside), Unit.kind != "department").limit(1)
    return session.scalar(below) is not None


def oversees() -> bool:
    """This will tell whether the person oversees other units."""
    return bool(current.framed("oversees"))


def is_supervising(actor: Actor) -> bool:
    """This will tell whether the actor oversees others: an operator, or somebody above other units."""
    return actor.is_admin or oversees()


frame = {"oversees": has_units_below}
navigation = (
    Entry(
        "supervise.index",
        lazy_gettext("Supervision board"),
        "layout-dashboard",
        visible=is_supervising,
        phone=lazy_gettext("Supervise"),
        within=("supervise.",),
    ),
)
