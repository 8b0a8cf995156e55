"""What a rehearsal file may say: its head, its verbs and their words. Everything unknown is refused with its line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from engine import feel, moments, yaml_lines
from engine.bpmn import timers
from engine.errors import BihuanError
from engine.trials import T0, ScenarioInvalid
from engine.yaml_lines import Lined, Step

Data = dict[str, Any]
SHARED = ("people", "units", "papers", "parts")
HEAD = ("name", "app", "beside", "start_at", "world", "uses", *SHARED, "runs")
UNIT = ("name", "kind", "parent", "region")
PERSON = ("name", "post", "roles", "is_admin")
VERBS: dict[str, tuple[str, ...]] = {
    "start": ("as", "unit", "process", "files"),
    "complete": ("as", "with", "outcome", "files", "nth", "case"),
    "claim": ("as", "nth", "case"),
    "release": ("as", "nth", "case"),
    "delegate": ("as", "to", "note", "nth", "case"),
    "resolve": ("as", "note", "with", "nth", "case"),
    "transfer": ("as", "to", "note", "nth", "case"),
    "add_signs": ("as", "to", "when", "note", "nth", "case"),
    "sign": ("as", "text", "agrees", "nth", "case"),
    "remove_sign": ("as", "of", "note", "case"),
    "return": ("as", "to", "note", "nth", "case"),
    "withdraw": ("as", "note", "case"),
    "comment": ("as", "case"),
    "attach": ("as", "case"),
    "advance": (),
    "message": ("as", "key", "with"),
    "signal": ("as", "with"),
    "service": ("as", "with", "error", "fails"),
    "set": ("as", "case"),
    "enable": ("as", "case"),
    "pause_limit": ("as", "ground", "approver", "case"),
    "resume_limit": ("as", "note", "case"),
    "extend_limit": ("as", "by", "reason", "decision", "asked_on", "case"),
    "publish_year": ("as", "note"),
    "refused": ("because",),
    "expect": ("case",),
    "part": (),
}
OF_TASKS = (
    *("complete", "claim", "release", "delegate", "resolve", "transfer", "add_signs", "sign", "remove_sign"),
    *("return", "withdraw"),
)
OF_LIMITS = ("pause_limit", "resume_limit", "extend_limit")
NEEDS_SOMEBODY = (*OF_TASKS, *OF_LIMITS, "comment", "attach", "enable")
NEEDS_TARGET = {
    "delegate": "to",
    "transfer": "to",
    "add_signs": "to",
    "remove_sign": "of",
    "return": "to",
    "extend_limit": "by",
}
NEEDS_VALUES = ("set", "refused", "expect", "publish_year")
NEEDS_TEXT = (*OF_TASKS, *OF_LIMITS, "comment", "attach", "message", "signal", "service", "enable", "part")
NOT_REFUSED = ("refused", "expect", "part")
BY_NAME = ("vars", "queue", "due", "limits", "inbox", "notices")
EXPECTED = (
    *("tasks", "waiting", "ended", "end", "documents", "title", "subject", "badge", "tone", "state", "number", "unit"),
    *("history", "incidents", "services", "error", *BY_NAME),
)


@dataclass(frozen=True, slots=True)
class Run:
    """The steps of one run."""

    name: str
    steps: Sequence[Step]


@dataclass(slots=True)
class Script:
    """A rehearsal file as read; `beside` are apps that are in force with its own."""

    path: Path
    name: str
    app: str
    start_at: datetime = T0
    world: str = ""
    beside: list[str] = field(default_factory=list)
    units: list[Data] = field(default_factory=list)
    people: list[Data] = field(default_factory=list)
    papers: dict[str, Any] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)

    def paper(self, said: Any) -> Data:
        """This will return form data: named papers and values, each laid over those before."""
        found: Data = {}
        for part in said if isinstance(said, list) else [said]:
            found.update(self.paper(self.papers[part]) if isinstance(part, str) else part or {})
        return found


def is_rehearsal(path: Path) -> bool:
    """This will tell whether a file can be read and names an app."""
    try:
        tree = yaml_lines.read(path)
    except ScenarioInvalid:
        return False
    return isinstance(tree, Lined) and "app" in tree


def read(path: Path) -> Script:
    """This will read a file. Raises ScenarioInvalid with everything that is wrong in it, each with its line."""
    tree = yaml_lines.read(path)
    if not isinstance(tree, Lined) or not {"app", "runs"} <= tree.keys():
        raise ScenarioInvalid(problem="app and runs must be given")
    script = Script(path, str(tree.get("name") or path.stem), str(tree["app"]))
    reader = _Reader(tree, _used(path, tree))
    reader.read_head(script)
    reader.read_runs(script)
    if reader.faults:
        raise ScenarioInvalid(problem="; ".join(dict.fromkeys(reader.faults)))
    return script


def _used(path: Path, tree: Lined) -> list[Lined]:
    """The files that a file takes people, units, papers and parts from. Raises ScenarioInvalid."""
    names = tree.get("uses") or []
    used = [yaml_lines.read(path.parent / str(name)) for name in (names if isinstance(names, list) else [names])]
    for each, name in zip(used, names if isinstance(names, list) else [names], strict=True):
        if not isinstance(each, Lined):
            raise ScenarioInvalid(problem=f"{name} holds no values by name")
    return used


class _Reader:
    """Reads a tree, with what it uses of other files, and gathers all faults, each with its line."""

    def __init__(self, tree: Lined, used: Sequence[Lined]) -> None:
        self.tree, self.used = tree, used
        self.faults: list[str] = []
        self.papers = self.shared("papers")
        self.parts = self.shared("parts")

    def wrong(self, holder: Lined, key: str, text: str) -> None:
        """Keeps a fault."""
        self.faults.append(f"{holder.place(key)}: {text}")

    def mapping(self, holder: Lined, key: str) -> Lined:
        """Values by name, or nothing."""
        found = holder.get(key)
        if isinstance(found, Lined):
            return found
        if found is not None:
            self.wrong(holder, key, f"{key} needs values by name")
        return Lined(holder.file, holder.lines.get(key, holder.line))

    def shared(self, key: str) -> dict[str, Lined]:
        """What files in use and the file itself say under a key: for each name the mapping that holds it."""
        return {name: held for tree in (*self.used, self.tree) for held in [self.mapping(tree, key)] for name in held}

    def known(self, holder: Lined, allowed: Iterable[str], what: str) -> None:
        """Refuses keys that nobody knows."""
        for key in holder.keys() - set(allowed):
            self.wrong(holder, key, f"{what} has no {key}; it has {', '.join(allowed)}")

    def read_head(self, script: Script) -> None:
        """Reads everything but the runs."""
        self.known(self.tree, HEAD, "a scenario of an app")
        for each in self.used:
            self.known(each, SHARED, "a file that scenarios use")
        try:
            if "start_at" in self.tree:
                script.start_at = timers.moment(str(self.tree["start_at"]))
        except timers.TimerInvalid:
            self.wrong(self.tree, "start_at", "start_at reads 2026-03-02 09:00")
        script.world = str(self.tree.get("world") or "")
        beside = self.tree.get("beside") or []
        script.beside = [str(name) for name in (beside if isinstance(beside, list) else [beside])]
        script.units = [self._unit(held, code) for code, held in self.shared("units").items()]
        script.people = [self._person(held, login) for login, held in self.shared("people").items()]
        for name, held in self.papers.items():
            self.check_paper(held, name, held[name], list(script.papers))
            script.papers[name] = held[name]

    def _unit(self, units: Lined, code: str) -> Data:
        described = self.mapping(units, code)
        self.known(described, UNIT, f"the unit {code}")
        if not {"name", "kind"} <= described.keys():
            self.wrong(units, code, f"the unit {code} needs name and kind")
        return {"code": code, **described}

    def _person(self, people: Lined, login: str) -> Data:
        given = people[login]
        if isinstance(given, Lined):
            self.known(given, PERSON, f"the person {login}")
        described = given if isinstance(given, Lined) else {"roles": given}
        roles = described.get("roles") or []
        held = [tuple(str(role).split("@", 1)) for role in (roles if isinstance(roles, list) else [roles])]
        if any(len(pair) != 2 for pair in held):
            self.wrong(people, login, f"the roles of {login} read role@unit")
        return {"name": login, **described, "login": login, "roles": held}

    def read_runs(self, script: Script) -> None:
        """Reads the runs: lists of steps, with a name or without."""
        runs = self.tree["runs"]
        if not isinstance(runs, list) or not runs:
            self.wrong(self.tree, "runs", "runs is a list of runs, and each of them a list of steps")
            return
        for run in runs:
            name, given, place = "", run, self.tree.place("runs")
            if isinstance(run, Lined):
                self.known(run, ("name", "steps"), "a run")
                name, given, place = str(run.get("name") or ""), run.get("steps"), run.place()
            script.runs.append(Run(name, list(self.steps(given, place))))

    def steps(self, given: Any, place: str, prefix: str = "", inside: tuple[str, ...] = ()) -> Iterator[Step]:
        """Reads steps; those of a part stand where it is named."""
        if not isinstance(given, list) or not given:
            self.faults.append(f"{place}: a run is a list of steps")
            return
        for number, values in enumerate(given, 1):
            if not isinstance(values, Lined):
                self.faults.append(f"{place}: {values} is no step; a step reads {{verb: what, as: who}}")
                continue
            verb = self.check_step(values, VERBS)
            if verb == "part":
                yield from self._part(values, f"{prefix}{number}", inside)
            elif verb:
                yield Step(f"{prefix}{number}", verb, values)

    def _part(self, values: Lined, number: str, inside: tuple[str, ...]) -> Iterator[Step]:
        name = str(values["part"])
        if name not in self.parts or name in inside:
            problem = "names itself" if name in inside else f"is not there; parts are {', '.join(self.parts) or '-'}"
            self.wrong(values, "part", f"the part {name} {problem}")
            return
        held = self.parts[name]
        yield from self.steps(held[name], held.place(name), f"{number}.", (*inside, name))

    def check_step(self, values: Lined, verbs: Iterable[str]) -> str:
        """The verb of a step; "" when there is not exactly one or it lacks something."""
        found = [name for name in verbs if name in values]
        if len(found) != 1:
            first = next(iter(values), "")
            problem = f"the verbs {' and '.join(found)} stand in one step" if found else f"no verb in {{{first}: ...}}"
            self.wrong(values, first, f"{problem}; verbs are {', '.join(verbs)}")
            return ""
        verb = found[0]
        self.known(values, (verb, *VERBS[verb]), verb)
        said = values[verb]
        if verb in NEEDS_TEXT and not isinstance(said, str):
            self.wrong(values, verb, f"{verb} needs a name or a text, not {said!r}")
        if verb in NEEDS_VALUES and not isinstance(said, Lined):
            self.wrong(values, verb, f"{verb} needs values by name")
        if verb in NEEDS_SOMEBODY and not values.get("as"):
            self.wrong(values, verb, f"{verb} needs as: who does it")
        if verb in NEEDS_TARGET and not values.get(NEEDS_TARGET[verb]):
            self.wrong(
                values,
                verb,
                f"{verb} needs {NEEDS_TARGET[verb]}: a login, for return a step, for extend_limit a term or day",
            )
        self._check_values(verb, values)
        return verb

    def _check_values(self, verb: str, values: Lined) -> None:
        for key in ("nth", "case"):
            if key in values and not isinstance(values[key], int):
                self.wrong(values, key, f"{key} is a number")
        data = verb if verb in ("start", "set") else "with"
        if data in values:
            self.check_paper(values, data, values[data])
        if "files" in values:
            self.mapping(values, "files")
        said = values[verb]
        if verb == "advance":
            self._check_advance(values, said)
        elif verb == "refused" and isinstance(said, Lined):
            self.check_step(said, [name for name in VERBS if name not in NOT_REFUSED])
            self._check_reason(values, "because")
        elif verb == "expect" and isinstance(said, Lined):
            self.known(said, EXPECTED, "expect")
            for key in BY_NAME:
                self.mapping(said, key)
            if said.get("error", True) is not True:
                self._check_reason(said, "error")

    def _check_reason(self, holder: Lined, key: str) -> None:
        reason = holder.get(key)
        if not reason or not isinstance(reason, str | list | dict):
            self.wrong(holder, key, f"refused needs {key}: the kind of the refusal, its words or its fields")

    def _check_advance(self, values: Lined, said: Any) -> None:
        try:
            if isinstance(said, Lined) and said.keys() != {"to"}:
                self.known(said, ("to",), "advance")
                return
            moments.goal(datetime.min.replace(year=1000, tzinfo=T0.tzinfo), said)
        except BihuanError:
            self.wrong(
                values, "advance", f"advance reads PT1H, P3D, 3 workdays or {{to: 2026-03-09 17:00}}, not {said}"
            )

    def check_paper(self, holder: Lined, key: str, said: Any, above: Sequence[str] | None = None) -> None:
        """Refuses papers that are not there (a paper may name those above it) and expressions that cannot be read."""
        papers = list(self.papers) if above is None else above
        for part in said if isinstance(said, list) else [said]:
            if isinstance(part, str) and part not in papers:
                self.wrong(holder, key, f"the paper {part} is not there; papers are {', '.join(papers) or '-'}")
            elif isinstance(part, Lined):
                for fault in _unreadable(part):
                    self.wrong(holder, key, fault)
            elif part is not None and not isinstance(part, str):
                self.wrong(holder, key, f"{key} needs values by name, or the name of a paper")


def _unreadable(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _unreadable(each)
    elif isinstance(value, str):
        try:
            feel.literal_or_expression(value)
        except BihuanError as error:
            yield f"{value} cannot be read: {error.message}"
