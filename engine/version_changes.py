"""Two versions of a process compared: the diagram, and the forms, decisions and limits in force with each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from sqlalchemy import select

from engine import bpmn, dmn, feel
from engine.bpmn import Difference, Differences
from engine.catalog import Listed
from engine.definitions import DefinitionNotFound
from engine.errors import Invalid
from engine.models import Resource
from engine.turn import Turn

Data = dict[str, Any]
FORM, DECISION, LIMIT = "form", "decision", "limit"
DRAWN = frozenset({"id", "layout", "key", "path"})  # parts of a form's field that say where it stands, not what it is


class NotComparable(Invalid):
    """{old} and {new} are not versions of one process."""


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """A form, decision or limit that is not the same with both versions; a version that is None: there was none."""

    kind: str
    key: str
    name: str
    before: int | None
    after: int | None
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between the versions `old` and `new` of a process."""

    old: Listed
    new: Listed
    diagram: Differences
    resources: list[ResourceChange]

    @property
    def is_empty(self) -> bool:
        """This will tell whether nothing differs that anybody would notice."""
        return self.diagram.is_empty and not self.resources


def compare(turn: Turn, old_id: int, new_id: int) -> Comparison:
    """This will tell what differs. Raises DefinitionNotFound, NotComparable."""
    old, new = (find(turn, id) for id in (old_id, new_id))
    if old.key != new.key:
        raise NotComparable(old=old.name, new=new.name)
    before, after = (turn.library.process(turn.session, listed.id) for listed in (old, new))
    changes = []
    limits = (name for name, rows in turn.catalog.resources.items() if _is_of(name, rows, LIMIT, new))
    for kind, key in sorted({*used(turn, old, before), *used(turn, new, after), *limits}):
        pair = [as_of(turn, kind, key, last_deployment(turn, listed)) for listed in (old, new)]
        if len({listed.checksum if listed is not None else None for listed in pair}) > 1:
            changes.append(resource_change(turn, kind, key, *pair))
    return Comparison(old, new, bpmn.differences(before, after), changes)


def find(turn: Turn, definition_id: int) -> Listed:
    """This will return a deployed version. Raises DefinitionNotFound."""
    found = turn.catalog.definitions.get(definition_id)
    if found is None:
        raise DefinitionNotFound(definition=definition_id)
    return found


def last_deployment(turn: Turn, listed: Listed) -> int:
    """This will return the last deployment at which a version was in force: the one before its successor's."""
    later = [each.deployment_id for each in turn.catalog.processes[listed.key] if each.version > listed.version]
    return min(later) - 1 if later else turn.catalog.version


def used(turn: Turn, listed: Listed, process: bpmn.Process) -> Iterator[tuple[str, str]]:
    """This will name the forms and decisions of a version; what is found by FEEL may be any of the app's."""
    forms = [*(task.form_id for task in process.tasks), *(start.form_id for start in process.starts)]
    for kind, ids in ((FORM, forms), (DECISION, process.decisions)):
        for id in filter(None, ids):
            if not id.startswith("=") and (kind, id) in turn.catalog.resources:
                yield kind, id
            elif id.startswith("="):
                yield from (name for name, rows in turn.catalog.resources.items() if _is_of(name, rows, kind, listed))
    for node in process.nodes.values():
        if node.form is not None and node.form.form_id is not None and node.form.form_id.feel is not None:
            yield from (name for name, rows in turn.catalog.resources.items() if _is_of(name, rows, FORM, listed))


def _is_of(name: tuple[str, str], rows: list[Listed], kind: str, listed: Listed) -> bool:
    return name[0] == kind and rows[-1].app == listed.app


def as_of(turn: Turn, kind: str, key: str, deployment_id: int) -> Listed | None:
    """This will return the newest version of a form or decision that stood when `deployment_id` was the last."""
    rows = [each for each in turn.catalog.resources[kind, key] if each.deployment_id <= deployment_id]
    return rows[-1] if rows else None


def resource_change(turn: Turn, kind: str, key: str, old: Listed | None, new: Listed | None) -> ResourceChange:
    """This will tell what differs between two versions of a form or decision."""
    before, after = (_content(turn, listed) for listed in (old, new))
    told = _form(before, after) if kind == FORM else _lines(kind, key, before, after)
    name = _title(turn, kind, key, new or old)
    before_version, after_version = (listed.version if listed is not None else None for listed in (old, new))
    return ResourceChange(kind, key, name, before_version, after_version, tuple(told))


def _content(turn: Turn, listed: Listed | None) -> str:
    if listed is None:
        return ""
    return turn.session.scalars(select(Resource.content).where(Resource.id == listed.id)).one()


def _title(turn: Turn, kind: str, key: str, listed: Listed | None) -> str:
    if listed is None:
        return key
    if kind == LIMIT:
        return turn.library.limit(turn.session, listed.id).name or key
    if kind == FORM:
        return str(turn.library.form(turn.session, listed.id).schema.get("title") or key)
    return turn.library.model(turn.session, listed).decisions[key].name or key


def _form(before: str, after: str) -> Iterator[Difference]:
    old, new = (_fields(feel.loads(text)) if text else {} for text in (before, after))
    for path in [*old, *(path for path in new if path not in old)]:
        if path not in new:
            yield Difference(f"field:{path}", old[path].get("label") or path, "")
        elif path not in old:
            yield Difference(f"field:{path}", "", new[path].get("label") or path)
        else:
            for part in sorted({*old[path], *new[path]} - DRAWN):
                one, other = (_plain(each[path].get(part)) for each in (old, new))
                if one != other:
                    yield Difference(f"field:{path}:{part}", one, other)


def _fields(schema: Mapping[str, Any]) -> dict[str, Data]:
    """The fields by path, those of groups and lists below theirs; buttons stand under the path `outcomes`."""
    found: dict[str, Data] = {}

    def add(components: Iterable[Mapping[str, Any]], above: str) -> None:
        for number, each in enumerate(components):
            name = each.get("key") or each.get("path") or each.get("id") or f"{each.get('type')}{number}"
            path = f"{above}.{name}" if above else str(name)
            found[path] = {part: value for part, value in each.items() if part != "components"}
            add(each.get("components") or (), path)

    add(schema.get("components") or (), "")
    for outcome in schema.get("outcomes") or ():
        found[f"outcomes.{outcome.get('value')}"] = dict(outcome)
    return found


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else feel.dumps(value)


def _lines(kind: str, key: str, before: str, after: str) -> Iterator[Difference]:
    """The rules of a decision, or the lines of a limit, that are not the same."""
    old, new = (_written(kind, key, text) for text in (before, after))
    for same, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if same != "equal":
            what = "rules" if kind == DECISION else "limit"
            yield Difference(what, "\n".join(old[first:last]), "\n".join(new[start:end]))


def _written(kind: str, key: str, text: str) -> list[str]:
    if kind == LIMIT or not text:
        return text.splitlines()
    return dmn.lines(text).get(key, [])
