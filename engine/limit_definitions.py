"""What a limit is: its legal basis, how long it runs, from which event to which, and the ladder of what follows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import yaml
from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from engine import feel
from engine.errors import BihuanError, Fault, FaultsFound
from engine.reckoning import BY_HOUR, Term

Data = dict[str, Any]
TASK, CASE = "task", "case"
ENTERED, COMPLETED = "entered", "completed"
REMIND, NOTIFY, RAISE, REASSIGN = "remind", "notify", "raise", "reassign"
MESSAGE, ESCALATION, START = "message", "escalation", "start"
ACTIONS: Final = (REMIND, NOTIFY, RAISE, REASSIGN, MESSAGE, ESCALATION, START)
NEEDED: Final = {
    NOTIFY: "role",
    REASSIGN: "role",
    RAISE: "priority",
    MESSAGE: "name",
    ESCALATION: "name",
    START: "name",
}
LONGEST_FILE = 500_000  # characters
MOST_RUNGS = 30  # a limit keeps in one number which of them are climbed


@dataclass(frozen=True, slots=True)
class Moment:
    """An event of the diagram: a case or a called process entered or completed an element."""

    element: str
    event: str = COMPLETED  # not called `on`: YAML reads that as true


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder: `at` so long after the due time (`-` before), something is done.

    `role` is looked for from the unit of the case up the tree. `name` is the message, the escalation code or the
    process to start.
    """

    at: Term
    is_before: bool
    do: str
    role: str = ""
    name: str = ""
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitDefinition:
    """One version of a limit.

    A limit of a task is named by `bihuan:limit` of its user task and lives with it. A limit of a case runs from one of
    `starts` to one of `ends` in cases of `process`; a user task that names it shows it and is due with it. `until` is
    FEEL over the case data: the last day that an order or a notice names; where it gives null, `term` counts.
    """

    code: str
    name: str
    basis: str
    term: Term
    scope: str = TASK
    process: str = ""
    starts: tuple[Moment, ...] = ()
    ends: tuple[Moment, ...] = ()
    until: str = ""
    note: str = ""
    pausable: bool = False
    extensions: int = 0
    ask_before: Term | None = None
    decided_by: tuple[str, ...] = ()
    ladder: tuple[Rung, ...] = ()
    effective_from: date | None = None
    effective_to: date | None = None

    def __hash__(self) -> int:
        return hash(self.code)  # of all fields it would take as long as what is kept by it

    @property
    def last_day(self) -> feel.Expression | None:
        """This will return the expression of the last day."""
        return feel.parse(self.until.removeprefix("=").strip()) if self.until else None


class _TermField(fields.String):
    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return Term.read(text)
        except BihuanError as error:
            raise ValidationError(error.message) from error


class _MomentSchema(Schema):
    element = fields.String(required=True, validate=validate.Length(1, 200))
    event = fields.String(load_default=COMPLETED, validate=validate.OneOf((ENTERED, COMPLETED)))

    @post_load
    def make(self, data: Data, **_: Any) -> Moment:
        return Moment(**data)


class _RungSchema(Schema):
    at = fields.String(load_default="0 workdays")
    do = fields.String(required=True, validate=validate.OneOf(ACTIONS))
    role = fields.String(load_default="")
    name = fields.String(load_default="")
    priority = fields.Integer(load_default=0, validate=validate.Range(0, 100))

    @validates_schema
    def check(self, data: Data, **_: Any) -> None:
        """This will refuse a rung without what its action needs."""
        needed = NEEDED.get(data["do"])
        if needed is not None and not data[needed]:
            raise ValidationError(f"“{data['do']}” needs a {needed}.", needed)

    @post_load
    def make(self, data: Data, **_: Any) -> Rung:
        text = data.pop("at").strip()
        try:
            return Rung(at=Term.read(text.lstrip("+-")), is_before=text.startswith("-"), **data)
        except BihuanError as error:
            raise ValidationError(error.message, "at") from error


class _LimitSchema(Schema):
    code = fields.String(required=True, validate=validate.Regexp(r"^[\w.-]{1,64}$"))
    name = fields.String(required=True, validate=validate.Length(1, 100))
    basis = fields.String(required=True, validate=validate.Length(1, 500))
    note = fields.String(load_default="")
    term = _TermField(required=True)
    scope = fields.String(load_default=TASK, validate=validate.OneOf((TASK, CASE)))
    process = fields.String(load_default="")
    starts = fields.List(fields.Nested(_MomentSchema), load_default=list)
    ends = fields.List(fields.Nested(_MomentSchema), load_default=list)
    until = fields.String(load_default="")
    pausable = fields.Boolean(load_default=False)
    extensions = fields.Integer(load_default=0, validate=validate.Range(0, 20))
    ask_before = _TermField(load_default=None)
    decided_by = fields.List(fields.String(), load_default=list)
    ladder = fields.List(fields.Nested(_RungSchema), load_default=list, validate=validate.Length(max=MOST_RUNGS))
    effective_from = fields.Date(load_default=None, allow_none=True)
    effective_to = fields.Date(load_default=None, allow_none=True)

    @validates_schema
    def check(self, data: Data, **_: Any) -> None:
        """This will refuse a case limit that nothing starts or ends, and expressions that are none."""
        if data["scope"] == CASE:
            for name in ("process", "starts", "ends"):
                if not data[name]:
                    raise ValidationError("A limit of a case needs it.", name)
        elif data["starts"] or data["ends"]:
            raise ValidationError("A limit of a task runs as long as its task.", "starts")
        begins, ends = data["effective_from"], data["effective_to"]
        if begins and ends and ends < begins:
            raise ValidationError("It ends before it begins.", "effective_to")
        if data["until"]:
            if data["term"].unit in BY_HOUR:
                raise ValidationError("A limit in hours has no last day.", "until")
            try:
                feel.parse(data["until"].removeprefix("=").strip())
            except BihuanError as error:
                raise ValidationError(error.message, "until") from error

    @post_load
    def make(self, data: Data, **_: Any) -> LimitDefinition:
        for name in ("starts", "ends", "decided_by", "ladder"):
            data[name] = tuple(data[name])
        return LimitDefinition(**data)


_SCHEMA = _LimitSchema()


def read(content: Mapping[str, Any]) -> LimitDefinition:
    """This will make a limit of what one entry of `limits.yaml` says. Raises FaultsFound, naming every field."""
    name = str(content.get("code") or content.get("name") or "?")
    try:
        found: LimitDefinition = _SCHEMA.load({key: _plain(value) for key, value in content.items()})
    except ValidationError as error:
        raise FaultsFound([Fault(why, name=name, element=at, code="limit") for at, why in _flat(error)]) from error
    return found


def read_file(text: str) -> list[tuple[str, LimitDefinition]]:
    """This will read a `limits.yaml`: each limit with the text that stands for it. Raises FaultsFound with all faults.

    The texts differ exactly when the limits do: comments and the order of keys do not count.
    """
    if len(text) > LONGEST_FILE:
        raise FaultsFound([Fault(f"longer than {LONGEST_FILE} characters", code="limit")])
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise FaultsFound([Fault(f"not YAML: {error}", code="limit")]) from error
    entries = document.get("limits") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise FaultsFound([Fault("it needs a list “limits” of entries with code, name, basis and term", code="limit")])
    found, faults, codes = list[tuple[str, LimitDefinition]](), list[Fault](), set[str]()
    for entry in entries:
        try:
            limit = read(entry)
        except FaultsFound as error:
            faults += error.faults
            continue
        if limit.code in codes:
            faults.append(Fault("this code stands here twice", name=limit.code, code="limit"))
        codes.add(limit.code)
        found.append((written(entry), limit))
    if faults:
        raise FaultsFound(faults)
    return found


def written(entry: Mapping[str, Any]) -> str:
    """This will write one entry in one canonical way."""
    return yaml.safe_dump({key: _plain(entry[key]) for key in entry}, allow_unicode=True, sort_keys=True)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _flat(error: ValidationError, path: str = "") -> Iterator[tuple[str, str]]:
    def walk(messages: Any, path: str) -> Iterator[tuple[str, str]]:
        if isinstance(messages, dict):
            for key, inner in messages.items():
                yield from walk(inner, path if key == "_schema" else f"{path}.{key}" if path else str(key))
        else:
            for message in messages if isinstance(messages, list) else [messages]:
                yield path, str(message)

    yield from walk(error.messages, path)


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One field of a rule that two versions do not say alike."""

    field: str
    before: Any
    after: Any


def differences(old: LimitDefinition, new: LimitDefinition) -> list[RuleChange]:
    """This will tell which fields of a rule two versions do not say alike."""
    pairs = ((name, getattr(old, name), getattr(new, name)) for name in LimitDefinition.__dataclass_fields__)
    return [RuleChange(name, before, after) for name, before, after in pairs if before != after]


def starting_events(limits: Iterable[LimitDefinition]) -> dict[tuple[str, str, str], frozenset[str]]:
    """This will tell which limits an event may start: (process, element, entered or completed) -> codes."""
    found: dict[tuple[str, str, str], frozenset[str]] = {}
    for limit in limits:
        for start in limit.starts:
            key = (limit.process, start.element, start.event)
            found[key] = found.get(key, frozenset()) | {limit.code}
    return found
