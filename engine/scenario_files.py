"""What a scenario file of diagrams may say. Everything that is wrong in it is told at once, each with its line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from engine import bpmn, dmn, moments, yaml_lines
from engine.bpmn import timers
from engine.bpmn.process import Call, Process, Value
from engine.bpmn.waiting import key_text
from engine.errors import BihuanError
from engine.trials import T0, ScenarioInvalid, hooks_of
from engine.yaml_lines import Lined, Step

Data = dict[str, Any]
NEEDED = ("models", "process", "runs")
HEAD = (*NEEDED, "name", "start_at", "services", "scripts")
VERBS: dict[str, tuple[str, ...]] = {
    "start": (),
    "complete": ("with", "nth", "as", "queue"),
    "advance": (),
    "message": ("key", "with"),
    "signal": ("with",),
    "set": (),
    "enable": (),
    "service": ("with", "error"),
    "expect": (),
}
OF_VALUES = ("start", "set", "expect")
EXPECTED: dict[str, tuple[type, str]] = {
    "error": (bool, "true or false"),
    "ended": (bool, "true or false"),
    "tasks": (list, "a list of names"),
    "waiting": (list, "a list of ids"),
    "incidents": (list, "a list of ids"),
    "services": (list, "a list of types"),
    "vars": (dict, "values by name"),
}


@dataclass(frozen=True, slots=True)
class Scenario:
    """A file as read, with its models parsed."""

    name: str
    script: Data
    runs: list[list[Step]]
    processes: dict[str, Process]
    decisions: list[dmn.Model]


def read(path: Path) -> Scenario:
    """This will read a file and its models. Raises ScenarioInvalid."""
    tree = yaml_lines.read(path)
    if not isinstance(tree, Lined) or any(tree.get(name) in (None, "", []) for name in NEEDED):
        raise ScenarioInvalid(problem="models, process and runs must be given")
    reader = _Reader(tree)
    script, runs = reader.head(), reader.runs()
    if reader.faults:
        raise ScenarioInvalid(problem="; ".join(dict.fromkeys(reader.faults)))
    processes, decisions, unnamed = _models(path, script["models"])
    script["unnamed"] = unnamed
    if script["process"] not in processes:
        raise ScenarioInvalid(problem=f"no model has the process {script['process']}; there are {', '.join(processes)}")
    _hook_elements(processes, script)
    return Scenario(str(tree.get("name") or path.stem), script, runs, processes, decisions)


def _models(path: Path, names: list[str]) -> tuple[dict[str, Process], list[dmn.Model], frozenset[str]]:
    """The processes and decisions of the models, and the ids of tasks whose name held an expression."""
    processes: dict[str, Process] = {}
    decisions: list[dmn.Model] = []
    unnamed: set[str] = set()
    for name in names:
        try:
            content = (path.parent / name).read_bytes()
        except OSError as error:
            raise ScenarioInvalid(problem=f"the model {name} cannot be read: {error.strerror}") from None
        try:
            if name.endswith(".dmn"):
                decisions.append(dmn.parse(content))
            else:
                found = bpmn.parse(content)
                processes = {**found.processes, **processes}
                unnamed.update(note.element for note in found.notes if note.code == "name" and "${" in note.text)
        except BihuanError as error:
            raise ScenarioInvalid(problem=f"the model {name}: {error}") from error
        except Exception as problem:  # the other files are run all the same
            raise ScenarioInvalid(problem=f"the model {name}: {type(problem).__name__}: {problem}") from problem
    return processes, decisions, frozenset(unnamed)


def _hook_elements(processes: dict[str, Process], script: Data) -> None:
    """Elements whose work the scenario replaces call its hook instead of their own service or script."""
    ids = {*script["scripts"], *hooks_of(script["services"])}
    for process in processes.values():
        for id in ids & process.nodes.keys():
            node = process.nodes[id]
            if node.type not in ("userTask", "callActivity") and node.content is None:
                node.type = "serviceTask" if node.is_activity else node.type
                node.script, node.call = None, Call("service", Value(f"element:{id}"))


class _Reader:
    """Reads a tree and gathers all faults, each with its line."""

    def __init__(self, tree: Lined) -> None:
        self.tree = tree
        self.faults: list[str] = []

    def wrong(self, holder: Lined, key: str, text: str) -> None:
        """Keeps a fault."""
        self.faults.append(f"{holder.place(key)}: {text}")

    def head(self) -> Data:
        """Reads everything but the runs. A file may say more of itself, as where it is from, but not nearly a word."""
        tree = self.tree
        for key in tree.keys() - set(HEAD):
            for meant in get_close_matches(key, HEAD, 1, 0.75):
                self.wrong(tree, key, f"there is no {key}; {meant} is meant")
        models = tree["models"] if isinstance(tree["models"], list) else [tree["models"]]
        if not all(isinstance(name, str) for name in models):
            self.wrong(tree, "models", "models is a list of files")
        services, scripts = tree.get("services"), tree.get("scripts") or {}
        if services not in (None, "noop") and not isinstance(services, Lined):
            self.wrong(tree, "services", "services is noop, or for each of them noop, {error: CODE} or {set: {..}}")
        if not isinstance(scripts, dict) or not all(isinstance(rules, Lined) for rules in scripts.values()):
            self.wrong(tree, "scripts", "scripts needs for each element expressions by variable")
        start_at = T0
        try:
            start_at = timers.moment(str(tree["start_at"])) if "start_at" in tree else T0
        except timers.TimerInvalid:
            self.wrong(tree, "start_at", "start_at reads 2026-03-02 09:00")
        process = str(tree["process"])
        return {"models": models, "process": process, "services": services, "scripts": scripts, "start_at": start_at}

    def runs(self) -> list[list[Step]]:
        """Reads the runs: lists of steps."""
        runs = self.tree["runs"]
        if not isinstance(runs, list) or not all(isinstance(run, list) and run for run in runs):
            self.wrong(self.tree, "runs", "runs is a list of runs, and each of them a list of steps")
            return []
        return [list(self.steps(run)) for run in runs]

    def steps(self, run: list[Any]) -> Iterator[Step]:
        """Reads the steps of a run."""
        for number, values in enumerate(run, 1):
            if not isinstance(values, Lined):
                self.wrong(self.tree, "runs", f"{values} is no step; a step reads {{verb: what, with: values}}")
                continue
            found = [verb for verb in VERBS if verb in values]
            if len(found) == 1:
                self.check(values, found[0])
                yield Step(str(number), found[0], values)
                continue
            named = f"{' and '.join(found)} stand in one step" if found else "the step has no verb"
            self.wrong(values, next(iter(values), ""), f"step {number}: {named}; verbs are {', '.join(VERBS)}")

    def check(self, values: Lined, verb: str) -> None:
        """Refuses words and values that a step cannot have."""
        for key in values.keys() - {verb, *VERBS[verb]}:
            allowed = ", ".join(VERBS[verb])
            self.wrong(values, key, f"{verb} has no {key}" + (f"; it has {allowed}" if allowed else ""))
        said = values[verb]
        for key in (verb,) if verb in OF_VALUES else ("with",):
            if not isinstance(values.get(key) or {}, dict):
                self.wrong(values, key, f"{key} needs values by name, not {values[key]!r}")
        if verb not in OF_VALUES and (said is None or (isinstance(said, list | dict) and verb != "advance")):
            self.wrong(values, verb, f"{verb} needs a name, not {said!r}")
        nth = values.get("nth", 0)
        if not isinstance(nth, int) or nth < 0:
            self.wrong(values, "nth", "nth is a number, 0 first")
        if "key" in values and key_text(values["key"]) is None:
            self.wrong(values, "key", f"key is text or a number, not {values['key']!r}")
        if verb == "advance":
            self.advance(values, said)
        elif verb == "expect" and isinstance(said, Lined):
            self.expected(said)

    def advance(self, values: Lined, said: Any) -> None:
        """Refuses times that cannot be read, and those that go back."""
        try:
            is_read = not isinstance(said, dict | list) or (isinstance(said, dict) and said.keys() == {"to"})
            goes_back = is_read and not isinstance(said, dict) and moments.goal(T0, said) < T0
        except BihuanError:
            is_read = goes_back = False
        if not is_read or goes_back:
            reads = "PT1H, P3D, 3 workdays or {to: 2026-03-09 17:00}"
            self.wrong(values, "advance", f"advance reads {reads}, not {said}; the clock does not go back")

    def expected(self, said: Lined) -> None:
        """Refuses what nobody can expect."""
        for key, wanted in said.items():
            if key not in EXPECTED:
                self.wrong(said, key, f"expect has no {key}; it has {', '.join(EXPECTED)}")
            elif not isinstance(wanted, EXPECTED[key][0]):
                self.wrong(said, key, f"{key} is {EXPECTED[key][1]}, not {wanted!r}")
