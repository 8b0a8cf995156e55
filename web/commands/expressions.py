"""`bihuan feel` and `bihuan decide`: trying what diagrams and tables will compute."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from engine import calendars, dmn, feel
from web.commands import terminal
from web.commands.terminal import MISUSED, N_, Failed, _, is_chinese, say, say_wrong

JSON_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


def read_document(file: Path | None) -> dict[str, Any]:
    """This will return the JSON object in `file` with exact numbers; no file gives an empty one."""
    if file is None:
        return {}
    try:
        document = feel.loads(terminal.read_text(file).decode("utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise Failed(_("“{file}” is not JSON: {reason}", file=file, reason=error), exit_code=MISUSED) from error
    if not isinstance(document, dict):
        raise Failed(_("“{file}” must hold a JSON object with the variables.", file=file), exit_code=MISUSED)
    return document


def environment() -> feel.Environment:
    """This will return now and the functions of the calendar: what an expression of every process may use."""
    return feel.Environment(now=datetime.now(UTC), functions=calendars.SHIPPED.functions())


def written(value: Any) -> str:
    """This will write a value as indented JSON."""
    return json.dumps(json.loads(feel.dumps(value), parse_float=str), ensure_ascii=False, indent=2)


@click.command("feel", help=N_("Print the value of a FEEL expression, with warnings. Example: bihuan feel '1 + 2'"))
@click.argument("expression")
@click.option("--context", type=JSON_FILE, help=N_("JSON file with the variables that the expression sees."))
@click.option(
    "--unary", metavar="VALUE", help=N_("EXPRESSION holds unary tests, as in a decision table; test this value.")
)
def evaluate(expression: str, context: Path | None, unary: str | None) -> None:
    """This will print the value as JSON on standard output and warnings on the error channel."""
    variables = read_document(context)
    if unary is not None:
        value = feel.parse(unary).evaluate(variables, environment())
        say(feel.dumps(feel.parse_unary_tests(expression).matches(value, variables, environment())))
        return
    result = feel.parse(expression.strip().removeprefix("=")).explain(variables, environment())
    say(feel.dumps(result.value))
    for warning in result.warnings:
        place = _("line {line}, column {column}", line=warning.line, column=warning.column)
        say_wrong(f"{place}: {warning.text('zh' if is_chinese() else 'en')}")


@click.command(help=N_("Evaluate a decision and print its outputs and the rules that matched."))
@click.argument("file", type=JSON_FILE)
@click.option("--decision", metavar="ID", help=N_("Id or name of the decision; not needed when the file has one."))
@click.option("--input", "input_", type=JSON_FILE, help=N_("JSON file with the inputs."))
@click.option("--log", "shows_log", is_flag=True, help=N_("Print the whole decision log as JSON."))
def decide(file: Path, decision: str | None, input_: Path | None, shows_log: bool) -> None:
    """This will print the value on standard output and, below it, each matched rule."""
    model = dmn.parse(terminal.read_text(file))
    if decision is None:
        if len(model.decisions) != 1:
            known = ", ".join(model.decisions)
            raise Failed(_("Which decision? Give --decision with one of: {known}", known=known), exit_code=MISUSED)
        decision = next(iter(model.decisions))
    result = dmn.evaluate(model, decision, read_document(input_), environment())
    say(feel.dumps(result.value))
    if shows_log:
        say(written(result.log))
        return
    for made in result.log["decisions"]:
        for table in made["tables"]:
            for rule in table["matched"]:
                note = " ".join(filter(None, rule["annotations"]))
                line = _("“{table}”: rule {rule} matched", table=table["table"], rule=rule["rule"])
                say(f"{line}  {note}".rstrip())
