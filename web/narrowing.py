"""The filters of the inbox: read from its address, shown as chips, offered in a dialog, kept under a name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from engine import queries
from web import current
from web.addresses import here
from web.dialogs import answered, text

blueprint = Blueprint("narrowing", __name__, url_prefix="/inbox/filters")

NAMES = ("show", "queue", "due", "q", "sort", "process", "step", "unit", "urged", "priority", "age")
FIELD = "f."  # begins the names of searchable fields in an address
AGES = {  # days that a task has waited at least
    "3": lazy_gettext("waiting for 3 days"),
    "7": lazy_gettext("waiting for a week"),
    "30": lazy_gettext("waiting for a month"),
}
IMPORTANT = 51  # the priority from which a task counts as more than usual


@dataclass(frozen=True)
class Chip:
    """A filter above a list: its address, its words, and how many it leads to."""

    address: str
    title: str
    count: int | None = None
    is_current: bool = False
    tone: str = ""


def asked() -> dict[str, Any]:
    """This will return what the address asks for, as `queries.inbox` takes it."""
    args = request.args
    found: dict[str, Any] = {
        "process_id": args.get("process") or None,
        "step": args.get("step", "")[:200] or None,
        "urged": True if args.get("urged") else None,
        "priority_from": IMPORTANT if args.get("priority") else None,
        "fields": fields(),
    }
    place = current.read(queries.unit, args["unit"]) if args.get("unit") else None
    if place is not None:
        found["unit_path"] = place.path
    if args.get("age") in AGES:
        found["created_until"] = datetime.now(UTC) - timedelta(days=int(args["age"]))
    return found


def fields() -> dict[str, str]:
    """This will return the values of searchable fields that the address asks for."""
    known = searchable()
    return {
        name.removeprefix(FIELD): value.strip()
        for name, value in request.args.items()
        if value.strip() and name.startswith(FIELD) and name.removeprefix(FIELD) in known
    }


def searchable() -> dict[str, str]:
    """This will return the fields of cases that may be searched, with their kinds."""
    return {name: kind for app in current.engine().apps for name, kind in app.fields.items()}


def is_filtered() -> bool:
    """This will tell whether the address asks for less than everything."""
    return any(name != "sort" and name != "after" for name in request.args)


def chips(names: Mapping[str, str]) -> Iterator[Chip]:
    """This will show the filters in the address, each leading to the list without it; `names` are of processes."""
    args = request.args

    def chip(name: str, title: str) -> Chip:
        return Chip(here(**{name: None, "after": None}), title, is_current=True)

    if args.get("process"):
        yield chip("process", names.get(args["process"], args["process"]))
    if args.get("step"):
        yield chip("step", args["step"])
    if args.get("unit"):
        place = current.read(queries.unit, args["unit"])
        yield chip("unit", place.name if place is not None else args["unit"])
    if args.get("urged"):
        yield chip("urged", gettext("urged"))
    if args.get("priority"):
        yield chip("priority", gettext("important"))
    if args.get("age") in AGES:
        yield chip("age", str(AGES[args["age"]]))
    for name, value in fields().items():
        yield chip(FIELD + name, f"{name}{gettext(': ')}{value}")


def offered() -> dict[str, Any]:
    """This will return what the dialog of filters offers."""
    args = request.args
    chosen = current.read(queries.unit, args["unit"]) if args.get("unit") else None
    kept = {name: args[name] for name in ("show", "queue", "due", "q", "sort") if args.get(name)}
    return {"ages": AGES, "fields": searchable(), "asked": fields(), "unit": chosen, "keeps": kept, "field": FIELD}


def kept() -> list[tuple[queries.FilterShown, str, bool]]:
    """This will list the kept filters with their addresses, and whether each is the one that is shown."""
    shown = _in_address()
    return [
        (each, url_for("inbox.index", **_known(each.asked)), bool(shown) and _known(each.asked) == shown)
        for each in current.once("kept_filters", lambda: current.read(queries.kept_filters))
    ]


def _known(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What of a kept filter the list understands: programs may have kept other things."""
    return {
        name: value
        for name, value in asked.items()
        if isinstance(value, str) and value and (name in NAMES or name.startswith(FIELD))
    }


def _in_address() -> dict[str, Any]:
    return _known(request.args)


@blueprint.post("/")
def keep() -> ResponseReturnValue:
    """This will keep the filters of the list under a name, for the person or for those of a unit."""
    asked = _known({name: value for name, value in request.form.items() if name not in ("name", "share")})
    kept = current.engine().save_filter(text("name"), asked, by=current.actor(), unit=text("share") or None)
    return answered(url_for("inbox.index", **asked), gettext("The filter “%(name)s” is kept.", name=kept.name))


@blueprint.post("/<int:filter_id>/removed")
def remove(filter_id: int) -> ResponseReturnValue:
    """This will forget a filter of the person."""
    current.engine().remove_filter(filter_id, by=current.actor())
    flash(gettext("The filter is forgotten."), "success")
    return redirect(url_for("inbox.index"), 303)
