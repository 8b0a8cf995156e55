"""`bihuan case` and `bihuan cleanup`: look at a case, repair it, stop it, end it, keep it or delete it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import click

from engine import Activation, Engine, StepPreview, feel, queries, repairs
from web.commands import installation
from web.commands.incidents import at, reason_of, run_action
from web.commands.terminal import MISUSED, N_, Failed, _, is_interactive, say, show_table

REASON = click.option("--reason", required=True, help=N_("Why; it stands in the history of the case."))
YES = click.option("--yes", is_flag=True, help=N_("Do it without asking."))
SET = click.option("--set", "changes", multiple=True, metavar="NAME=VALUE", help=N_("Data that the step leaves."))


@click.group("case", help=N_("Look at a case by its number; repair, stop, end, hold or delete it."))
def case() -> None:
    """This will gather the commands about cases."""


def found(engine: Engine, number: str) -> Any:
    """This will return the case with a number as operators see it. Raises CaseNotFound."""
    id: UUID = engine.read(queries.case_by_number, installation.BY, number)
    return engine.read(queries.repair, installation.BY, id)


@case.command(help=N_("Print where a case stands, its incidents and its data."))
@click.argument("number")
def show(number: str) -> None:
    """This will print the case; tokens are what `move` and `skip` take."""
    view = found(installation.open_engine(), number)
    say(f"{view.case.number} {view.case.title}  [{view.case.state}]", "bold")
    if view.hold:
        say(_("Held since {time}: {reason}", time=at(view.hold.held_at), reason=view.hold.reason))
    if view.standing:
        show_table(
            [_("Token"), _("Element"), _("Name"), _("State")],
            [(row.token, "  " * row.depth + row.element, row.name, row.state) for row in view.standing],
        )
    for row in view.incidents:
        say(f"{row.id} {row.element}: {reason_of(row.reason)}", "red")
    for name, value in view.data.items():
        say(f"{name} = {feel.dumps(value)}")


def typed(view: Any, changes: tuple[str, ...], *, is_json: bool = False) -> dict[str, Any]:
    """This will read NAME=VALUE, each of the type that it has now. Raises ValueRefused."""
    data = {}
    for change in changes:
        name, equals, text = change.partition("=")
        if not equals or not name.strip():
            raise Failed(_("Write NAME=VALUE, not “{text}”.", text=change), exit_code=MISUSED)
        data[name] = repairs.typed(name, view.data.get(name), text, as_json=is_json)
    return data


@case.command(help=N_("Correct case data: old and new are shown before. Example: bihuan case data A-1 amount=3 ..."))
@click.argument("number")
@click.argument("changes", nargs=-1, required=True, metavar="NAME=VALUE...")
@click.option("--json", "is_json", is_flag=True, help=N_("Every value is JSON, of whatever type."))
@REASON
@YES
def data(number: str, changes: tuple[str, ...], is_json: bool, reason: str, yes: bool) -> None:
    """This will show what changes, ask, and write it."""
    engine = installation.open_engine()
    view = found(engine, number)
    values = typed(view, changes, is_json=is_json)
    _ask(engine.preview_data(view.case.id, values, by=installation.BY), yes)
    engine.change_data(view.case.id, values, by=installation.BY, reason=reason)
    say(_("The case data are corrected."))


@case.command(help=N_("Withdraw a token and go on at another element; what that brings about is shown before."))
@click.argument("number")
@click.argument("token", type=int)
@click.argument("element")
@SET
@REASON
@YES
def move(number: str, token: int, element: str, changes: tuple[str, ...], reason: str, yes: bool) -> None:
    """This will show what is withdrawn and what begins, ask, and do it."""
    engine = installation.open_engine()
    view = found(engine, number)
    values = typed(view, changes)
    _ask(engine.preview_move(view.case.id, token, element, values, by=installation.BY), yes)
    engine.move_token(view.case.id, token, element, values, by=installation.BY, reason=reason)
    say(_("The case goes on there."))


@case.command(help=N_("Go on from an element that fails or waits as if it were done; shown before."))
@click.argument("number")
@click.argument("token", type=int)
@SET
@REASON
@YES
def skip(number: str, token: int, changes: tuple[str, ...], reason: str, yes: bool) -> None:
    """This will show what begins, ask, and do it."""
    engine = installation.open_engine()
    view = found(engine, number)
    values = typed(view, changes)
    _ask(engine.preview_skip(view.case.id, token, values, by=installation.BY), yes)
    engine.skip_element(view.case.id, token, values, by=installation.BY, reason=reason)
    say(_("The step is passed over."))


@case.command(help=N_("Begin elements and then end tokens, all or nothing; what that brings about is shown before."))
@click.argument("number")
@click.option(
    "--begin", "begun", multiple=True, metavar="ELEMENT[@TOKEN]", help=N_("Begins, in the scope of the token.")
)
@click.option("--end", "ended", multiple=True, type=int, metavar="TOKEN", help=N_("Is ended."))
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="[SCOPE:]NAME=VALUE",
    help=N_("Data given to the first, of the case or of a scope around it."),
)
@REASON
@YES
def modify(
    number: str, begun: tuple[str, ...], ended: tuple[int, ...], changes: tuple[str, ...], reason: str, yes: bool
) -> None:
    """This will show what begins and what is ended, ask, and do it."""
    engine = installation.open_engine()
    view = found(engine, number)
    given: dict[str, dict[str, Any]] = {}
    for change in changes:
        scope, colon, rest = change.partition(":")
        is_scoped = bool(colon) and "=" not in scope
        given.setdefault(scope if is_scoped else "", {}).update(typed(view, (rest if is_scoped else change,)))
    if given and not begun:
        raise Failed(_("Data are given to what begins: name an element with --begin."), exit_code=MISUSED)
    activate: list[Activation] = []
    for each in begun:
        element, _at, token = each.partition("@")
        if token and not token.isdigit():
            raise Failed(_("Write ELEMENT or ELEMENT@TOKEN, not “{text}”.", text=each), exit_code=MISUSED)
        activate.append(Activation(element, given if not activate else {}, int(token) if token else None))
    _ask(engine.preview_modify(view.case.id, activate, ended, by=installation.BY), yes)
    engine.modify_case(view.case.id, activate, ended, by=installation.BY, reason=reason)
    say(_("The case goes on there."))


def _ask(preview: StepPreview, yes: bool) -> None:
    for words, effects in (
        (_("is withdrawn"), preview.withdrawn), (_("begins"), preview.opened), (_("fails"), preview.failed),
    ):  # fmt: skip
        for each in effects:
            say(f"  {words}: {each.name or each.element} ({each.element})")
    for change in preview.changed:
        old = "-" if change.is_new else feel.dumps(change.old)
        say(f"  {change.name}: {old} -> {feel.dumps(change.new)}")
    for name in preview.starving:
        say(_("  “{names}” waits for a branch on which nothing stands any more.", names=name), "yellow")
    if preview.is_end:
        say(_("  The case ends by this."), "yellow")
    _confirm(yes)


def _confirm(yes: bool) -> None:
    if yes:
        return
    if not is_interactive():
        raise Failed(_("Nobody is there to be asked: give --yes."), exit_code=MISUSED)
    click.confirm(_("Do it?"), abort=True)


def _verb(name: str, help: str) -> Callable[..., None]:
    @case.command(name, help=help)
    @click.argument("numbers", nargs=-1)
    @click.option("--process", "process_id", help=N_("All cases of this process instead of numbers."))
    @click.option("--definition", "definition_id", type=int, help=N_("All cases of this version instead."))
    @REASON
    @YES
    def run(
        numbers: tuple[str, ...], process_id: str | None, definition_id: int | None, reason: str, yes: bool
    ) -> None:
        """This will do it to each case and print what was refused."""
        engine = installation.open_engine()
        if bool(numbers) == bool(process_id or definition_id):
            raise Failed(_("Name cases by their numbers, or give --process or --definition."), exit_code=MISUSED)
        if numbers:
            ids = [engine.read(queries.case_by_number, installation.BY, number) for number in numbers]
        else:
            states = {"suspend": "open", "resume": "suspended"}
            wanted = queries.CaseFilter(process_id=process_id, definition_id=definition_id, state=states.get(name))
            ids = engine.read(queries.operated_case_ids, installation.BY, wanted)
            say(_("{count} cases", count=len(ids)))
        if name in ("cancel", "delete") or not numbers:
            _confirm(yes)
        if ids:
            run_action(engine, name, ids, reason)

    made: Callable[..., None] = run
    return made


suspend = _verb("suspend", N_("Stop cases: nobody can work on them, timers keep the time they have left."))
resume = _verb("resume", N_("Let suspended cases go on."))
cancel = _verb("cancel", N_("End cases where they stand; open tasks are withdrawn."))
delete = _verb("delete", N_("Delete ended cases for good; number, title and digest of the history stay."))


@case.command(help=N_("Keep a case from being deleted, or end that."))
@click.argument("number")
@click.option("--end", "is_end", is_flag=True, help=N_("End the hold."))
@REASON
def hold(number: str, is_end: bool, reason: str) -> None:
    """This will hold the case, or release it."""
    engine = installation.open_engine()
    id = engine.read(queries.case_by_number, installation.BY, number)
    if is_end:
        engine.release_case(id, by=installation.BY, reason=reason)
        say(_("The hold of case {number} is ended.", number=number))
    else:
        engine.hold_case(id, by=installation.BY, reason=reason)
        say(_("Case {number} is held: nobody can delete it.", number=number))


@click.command(help=N_("Delete ended cases whose time is over by the rules of retention, as the worker does at night."))
@click.option("--dry-run", "is_dry", is_flag=True, help=N_("Only count what would be deleted."))
def cleanup(is_dry: bool) -> None:
    """This will delete what is over, or count it."""
    engine = installation.open_engine()
    if is_dry:
        due = engine.due_for_deletion(by=installation.BY)
        show_table(
            [_("Rule"), _("Cases"), _("The oldest ended")], [(row.rule, row.count, at(row.oldest)) for row in due]
        )
        return
    done = engine.clean_up(by=installation.BY)
    say(_("Deleted: {cases} cases, {files} files.", cases=done.cases, files=done.files))
