"""Plays rehearsal files: people do the steps on a stage, and each step must go as the file says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from engine import scenarios
from engine.apps import ProcessApp
from engine.errors import BihuanError
from engine.rehearsals import expectations, script, stage, views
from engine.rehearsals.script import Script
from engine.rehearsals.stage import Stage
from engine.rehearsals.verbs import VERBS, Act
from engine.scenarios import RunResult, StepFailed
from engine.trials import ScenarioInvalid
from engine.yaml_lines import Step

Data = dict[str, Any]
Apps = Mapping[str, ProcessApp]


class Player:
    """Takes the steps of one run."""

    def __init__(self, stage: Stage, script: Script) -> None:
        """This will begin on a stage where nothing has happened yet."""
        self.stage, self.script = stage, script
        self.refusal: BihuanError | None = None

    def play(self, steps: Iterable[Step]) -> None:
        """This will take all steps, or raise StepFailed."""
        taken = list(steps)
        for step, following in zip(taken, [*taken[1:], None], strict=True):
            wanted = following.said if following is not None and following.verb == "expect" else {}
            try:
                self.take(step, wanted)
            except StepFailed as failure:
                raise StepFailed(f"{step}: {failure}") from None

    def take(self, step: Step, wanted: Data) -> None:
        """This will take a step; `wanted` is what the next one expects."""
        if step.verb == "expect":
            expectations.check(self.stage, step, self.refusal)
        elif step.verb == "refused":
            inner = Step(step.number, next(name for name in step.said if name in VERBS), step.said)
            expectations.check_refusal(self.stage, self.attempt(inner, is_watched=True), step.values["because"])
        else:
            self.refusal = self.attempt(step, is_watched="error" in wanted)
            if self.refusal is not None and not wanted.get("error"):
                why = expectations.described(self.refusal)
                raise StepFailed(f"it was refused: {why}; {views.standing(self.stage)}")
            if self.refusal is None and "incidents" not in wanted:
                expectations.refuse_incidents(self.stage)

    def attempt(self, step: Step, *, is_watched: bool) -> BihuanError | None:
        """This will take a step and return how it was refused; `is_watched` then wants everything as it was before."""
        before, now = self.stage.prints() if is_watched else {}, self.stage.clock.now
        try:
            VERBS[step.verb](Act(self.stage, self.script, step))
            self.stage.advance(self.stage.clock.now)
        except ScenarioInvalid as error:
            raise StepFailed(error.message) from None
        except BihuanError as error:
            self.stage.clock.now = now
            prints = self.stage.prints() if is_watched else {}
            changed = [name for name in prints if prints[name] != before[name]]
            if changed:
                why = expectations.described(error)
                raise StepFailed(f"it was refused ({why}), but changed {', '.join(changed)}") from None
            return error
        except StepFailed:
            raise
        except Exception as problem:
            raise StepFailed(f"it broke down: {type(problem).__name__}: {problem}") from problem
        return None


def run_file(path: str | Path, apps: Apps) -> list[RunResult]:
    """This will play one file and return one result for each of its runs.

    A file that cannot be read, or whose app cannot be put in force, gives one failed result that says why.
    """
    path = Path(path)
    try:
        found = script.read(path)
        for name in (found.app, *found.beside):
            if name not in apps:
                raise ScenarioInvalid(problem=f"there is no app {name}; there are {', '.join(apps) or 'none'}")
        scene = stage.set_up(found, apps[found.app], *(apps[name] for name in found.beside))
    except BihuanError as error:
        return [RunResult(str(path), path.stem, 0, False, str(error))]
    results = []
    for index, run in enumerate(found.runs):
        scene.reset()
        try:
            Player(scene, found).play(run.steps)
        except StepFailed as failure:
            message = f"“{run.name}”, {failure}" if run.name else str(failure)
            results.append(RunResult(str(path), found.name, index, False, message))
        else:
            results.append(RunResult(str(path), found.name, index, True))
    return results


def report(paths: Iterable[str | Path], apps: Apps) -> Iterator[tuple[str, bool]]:
    """This will run files of both kinds; one line for each, and whether it passed, then `scenarios: A of B passed`."""

    def run(path: str | Path) -> list[RunResult]:
        return run_file(path, apps) if script.is_rehearsal(Path(path)) else scenarios.run_file(path)

    return scenarios.report(paths, run)
