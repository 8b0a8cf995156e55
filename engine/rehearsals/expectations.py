"""What stands on the stage, compared with what the file expects: a function for each word of `expect`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from engine import moments, queries
from engine.errors import BihuanError
from engine.forms import FormInvalid
from engine.models import CANCELLED, CLOSED, PAUSED, RUNNING
from engine.rehearsals import views
from engine.rehearsals.stage import Stage, task_names
from engine.rehearsals.views import Limit, View, document, standing
from engine.scenarios import StepFailed
from engine.yaml_lines import Step

Data = dict[str, Any]
Check = Callable[[View, Any], Iterator[str]]
EXPECTED: dict[str, Check] = {}
PLAIN = ("title", "subject", "badge", "tone", "state", "number")
LONGEST_LIST = 200


def described(error: BihuanError) -> str:
    """This will say how something was refused: its kind, and its words or the sentences of each field."""
    said = (
        str({path: " ".join(texts) for path, texts in error.errors.items()}) if isinstance(error, FormInvalid) else ""
    )
    return f"{type(error).__name__}: {said or error}"


def refuse_incidents(stage: Stage) -> None:
    """This will raise StepFailed when a case stands still."""
    found = [f"{incident.name or incident.element}: {incident.reason}" for incident in stage.incidents()]
    if found:
        raise StepFailed(f"the case stands still: {'; '.join(found)}; {standing(stage)}")


def check_refusal(stage: Stage, refusal: BihuanError | None, because: Any) -> None:
    """This will compare a refusal with its kind (NotYours), words of its message, or its fields with their words."""
    if refusal is None:
        raise StepFailed(f"it should have been refused because of {because}, but was not; {standing(stage)}")
    if because is not True and not _is_because(refusal, because):
        raise StepFailed(f"it should have been refused because of {because}, but there is {described(refusal)}")


def _is_because(refusal: BihuanError, because: Any) -> bool:
    if isinstance(because, str):
        kinds = {kind.__name__ for kind in type(refusal).__mro__}
        return because in kinds or because in described(refusal)
    if not isinstance(refusal, FormInvalid) or set(refusal.errors) != set(because):
        return False
    if isinstance(because, Mapping):
        return all(str(words or "") in " ".join(refusal.errors[path]) for path, words in because.items())
    return True


def check(stage: Stage, step: Step, refusal: BihuanError | None) -> None:
    """This will compare what stands with what an `expect` says. Raises StepFailed."""
    expected = dict(step.said)
    if error := expected.pop("error", False):
        check_refusal(stage, refusal, error)
    view = View(stage, step)
    for what, wanted in expected.items():
        try:
            failure = next(EXPECTED[what](view, wanted), None)
        except BihuanError as problem:
            failure = f"{what} cannot be {wanted}: {problem}"
        if failure is not None:
            raise StepFailed(f"{failure}; {standing(stage)}")


def expects(check: Check) -> Check:
    """This will make a function the meaning of the word that is its name."""
    EXPECTED[check.__name__] = check
    return check


def _differs(what: str, wanted: Any, found: Any) -> Iterator[str]:
    if found != wanted:
        yield f"{what} expected {wanted}, but there is {found}"


def _sorted(wanted: Any) -> Any:
    return sorted(map(str, wanted)) if isinstance(wanted, list) else [wanted] if isinstance(wanted, str) else wanted


def _plain(what: str) -> Check:
    return lambda view, wanted: _differs(what, wanted if wanted is not None else "", getattr(view.case, what))


EXPECTED.update({what: _plain(what) for what in PLAIN})


@expects
def tasks(view: View, wanted: Any) -> Iterator[str]:
    """All open tasks by name; signatures that are asked for as 维修（会签）."""
    yield from _differs("tasks", _sorted(wanted), task_names(view.stage.open_tasks()))


@expects
def waiting(view: View, wanted: Any) -> Iterator[str]:
    """The elements where a timer runs or an event is awaited."""
    yield from _differs("waiting", _sorted(wanted), view.stage.awaited())


@expects
def incidents(view: View, wanted: Any) -> Iterator[str]:
    """The elements that stand still."""
    yield from _differs("incidents", _sorted(wanted), sorted(found.element for found in view.stage.incidents()))


@expects
def services(view: View, wanted: Any) -> Iterator[str]:
    """The types of the services that wait for a program elsewhere."""
    yield from _differs("services", _sorted(wanted), view.stage.services())


@expects
def ended(view: View, wanted: Any) -> Iterator[str]:
    """Whether the case has ended."""
    yield from _differs("ended", wanted, view.case.state in (CLOSED, CANCELLED))


@expects
def end(view: View, wanted: Any) -> Iterator[str]:
    """The end event, by id or name."""
    case, library = view.case, view.stage.engine.library
    process = view.stage.engine.read(lambda session: library.process(session, case.definition_id))
    node = process.nodes.get(case.end_element or "")
    if wanted not in (case.end_element, node.name if node is not None else None):
        yield from _differs("end", wanted, f"{node.name} ({case.end_element})" if node is not None else None)


@expects
def unit(view: View, wanted: Any) -> Iterator[str]:
    """The unit that the case belongs to, by code or name."""
    if view.place(str(wanted)) != view.case.unit_id:
        yield from _differs("unit", wanted, view.case.unit_name)


@expects
def vars(view: View, wanted: Any) -> Iterator[str]:
    """Values of the case data, by name or path (整改事项.0.限期)."""
    data = document(view.case)
    for path, value in view.stage.evaluated(wanted, data).items():
        yield from _differs(f"variable {path}", value, _value_at(data, path))


def _value_at(data: Any, path: str) -> Any:
    if isinstance(data, Mapping) and path in data:
        return data[path]
    for name in path.split("."):
        if isinstance(data, list) and name.isdecimal():
            data = data[int(name)] if int(name) < len(data) else None
        else:
            data = data.get(name) if isinstance(data, Mapping) else None
    return data


@expects
def queue(view: View, wanted: Any) -> Iterator[str]:
    """Where tasks wait: role@unit, by code or name; @login for a task of one person."""
    for name, said in wanted.items():
        found = [view.queue(task) for task in view.named(name)]
        given = said if isinstance(said, list) else [said]
        if sorted(map(view.queue_key, found)) != sorted(view.queue_key(str(each)) for each in given):
            yield from _differs(f"queue of {name}", given, found)


@expects
def due(view: View, wanted: Any) -> Iterator[str]:
    """When tasks are due: a day, a minute, or so long after they were opened."""
    for name, said in wanted.items():
        limits = [Limit(task.created_at, task.due_at) for task in view.named(name)]
        yield from _late(view, f"due date of {name}", said, limits)


@expects
def limits(view: View, wanted: Any) -> Iterator[str]:
    """When limits end, by code, name or task; or how one stands: due, state, paused, exceeded, rungs, extensions."""
    for name, said in wanted.items():
        if isinstance(said, Mapping):
            yield from _standing(view, name, said)
        else:
            yield from _late(view, f"limit {name}", said, view.limits(name))


def _standing(view: View, name: str, said: Mapping[str, Any]) -> Iterator[str]:
    found = view.running(name)
    if not found:
        yield f"limit {name} expected, but there is nothing of this name"
        return
    limit = found[-1]
    now = view.stage.clock.now
    is_over = limit.exceeded_at is not None or (
        limit.state == RUNNING and limit.due_at is not None and limit.due_at < now
    )
    there = {
        "state": limit.state,
        "paused": limit.state == PAUSED,
        "exceeded": is_over,
        "rungs": limit.climbed.bit_count(),
        "extensions": limit.extensions,
    }
    for what, value in said.items():
        if what == "due":
            yield from _late(view, f"limit {name}", value, [views.Limit(limit.started_at, limit.due_at)])
        elif what not in there:
            yield f"limit {name} has no {what}; it has due, {', '.join(there)}"
        else:
            yield from _differs(f"{what} of limit {name}", value, there[what])


@expects
def notices(view: View, wanted: Any) -> Iterator[str]:
    """What each person was told, in order: an item is words that all stand in its line (`limit_near 核实时限`)."""
    for login, said in wanted.items():
        lines = [view.told(notice) for notice in view.stage.notices(login)]
        items = said if isinstance(said, list) else [said] if said else []
        is_same = len(items) == len(lines) and all(
            word in line for item, line in zip(items, lines, strict=True) for word in str(item).split()
        )
        if not is_same:
            yield f"notices of {login} expected {items}, but there is {lines}"


def _late(view: View, what: str, wanted: Any, found: list[Limit]) -> Iterator[str]:
    calendar = view.stage.engine.calendar
    if not found or not all(moments.is_due(limit.due_at, limit.begins_at, wanted, calendar) for limit in found):
        there = ", ".join(moments.shown(limit.due_at) for limit in found) or "nothing of this name"
        begun = f" (since {moments.shown(found[0].begins_at)})" if found else ""
        yield f"{what} expected {wanted}, but there is {there}{begun}"


@expects
def documents(view: View, wanted: Any) -> Iterator[str]:
    """The files of the case by name, or by the field that names them."""
    rows = {str(row.id): row.name for row in view.attachments()}
    if not isinstance(wanted, Mapping):
        yield from _differs("documents", _sorted(wanted), sorted(rows.values()))
        return
    data = document(view.case)
    for path, names in wanted.items():
        ids = _value_at(data, path) or []
        found = sorted(rows.get(str(id), "?") for id in (ids if isinstance(ids, list) else [ids]))
        yield from _differs(f"documents of {path}", _sorted(names), found)


@expects
def inbox(view: View, wanted: Any) -> Iterator[str]:
    """What each person sees in the inbox."""
    for login, names in wanted.items():
        page = view.stage.engine.read(queries.inbox, view.stage.actor(login), limit=LONGEST_LIST)
        yield from _differs(f"inbox of {login}", _sorted(names or []), sorted(task.name for task in page))


@expects
def history(view: View, wanted: Any) -> Iterator[str]:
    """What happened, in this order: an item is an event's kind, or words that all stand in its line."""
    lines = view.history()
    place = 0
    for item in wanted if isinstance(wanted, list) else [wanted]:
        words = str(item).split()
        while place < len(lines) and not all(word in lines[place] for word in words):
            place += 1
        if place == len(lines):
            yield f"history expected {item} (in this order), but there is {' | '.join(lines)}"
            return
        place += 1
