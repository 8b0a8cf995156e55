"""Faults of diagrams and forms in the reader's language; the engine tells some of them in English only."""

from __future__ import annotations

import re
from collections.abc import Callable

from engine import Fault
from web import import_reasons


def N_(message: str) -> str:
    """This will mark `message` for translation."""
    return message


# What the engine says, and how a reader is told; the names in the pattern fill the sentence.
SENTENCES = [
    (re.compile(pattern), sentence)
    for pattern, sentence in (
        (r"the form (?P<id>.+) does not exist", N_("The form “{id}” does not exist.")),
        (r"the process (?P<id>.+) does not exist", N_("The called process “{id}” does not exist.")),
        (r"the decision (?P<id>.+) does not exist", N_("The decision “{id}” does not exist.")),
        (r"the service (?P<id>.+) is not registered", N_("The service “{id}” is not registered.")),
        (r"without a case the timer says nothing: (?P<text>.+)", N_("Without a case the timer says nothing: {text}")),
        (r"the function (?P<id>.+) is not registered", N_("The FEEL function “{id}” is not registered.")),
        (r"the role (?P<id>.+) is not declared by the app", N_("The process app knows no role “{id}”.")),
        (r"the process id must stay (?P<id>.+)", N_("The id of the process must stay “{id}”.")),
        (r"the id (?P<id>.+) is used in (?P<file>.+) too", N_("The id “{id}” is used in {file} too.")),
        (
            r"nothing writes the variable (?P<name>.+), which (?P<place>.+) reads: (?P<text>.+)",
            N_("Nothing writes the variable “{name}”, which is read here: {text}"),
        ),
        (r"the form has no id", N_("The form has no id.")),
        (r"two fields write to (?P<path>.+)", N_("Two fields write to “{path}”.")),
        (r"(?P<kind>.+) is not a type of field", N_("“{kind}” is not a type of field.")),
        (r"(?P<key>.+) is not a name of data", N_("{key} is not a name of data.")),
        (r"the pattern is not a regular expression of RE2: (?P<why>.+)", N_("The pattern is wrong: {why}")),
        (r"the field has no choices", N_("The field has no choices.")),
        (r"the field names no register", N_("The field names no register.")),
        (
            r"(?P<text>.+) is not a FEEL expression: it must begin with =",
            N_("The expression {text} must begin with =."),
        ),
        (
            r"outcome (?P<value>.+) requires (?P<path>.+), which the form does not ask",
            N_("The button “{value}” requires “{path}”, for which the form does not ask."),
        ),
        (r"not JSON: (?P<why>.+)", N_("The file is not JSON: {why}")),
        (r"the limit (?P<id>.+) does not exist", N_("The limit “{id}” does not exist.")),
        (
            r"the process (?P<process>.+) has no element (?P<id>.+)",
            N_("The process “{process}” has no element “{id}”."),
        ),
        (
            r"the limit (?P<name>.+) \((?P<code>.+)\) names the element (?P<id>.+), which is gone",
            N_("The limit “{name}” begins or ends with the element “{id}”, which is gone from this diagram."),
        ),
        (r"the code (?P<code>.+) belongs to another app", N_("The code “{code}” belongs to another process app.")),
        (r"this code stands here twice", N_("This code stands here twice.")),
        (r"not YAML: (?P<why>.+)", N_("This is not YAML: {why}")),
        (r"it needs code, name, basis and term", N_("It needs code, name, basis and term.")),
        (r"“\w+” needs a role\.", N_("This action needs a role.")),
        (r"“\w+” needs a name\.", N_("This action needs a name.")),
        (r"“\w+” needs a priority\.", N_("This action needs a priority.")),
        (
            r"(?P<value>.*) is not a length of time: .+",
            N_("“{value}” is not a length of time: a whole number and a unit are needed."),
        ),
        (r"A limit of a case needs it\.", N_("A limit of a case needs this.")),
        (r"A limit of a task runs as long as its task\.", N_("A limit of a task runs as long as its task.")),
        (r"It ends before it begins\.", N_("It ends before it begins.")),
        (r"A limit in hours has no last day\.", N_("A limit in hours has no last day.")),
        (
            r"bihuan:(?P<rule>\w+) names (?P<id>.+), which is no step before this one",
            N_("“{rule}” names “{id}”, which is no step before this one."),
        ),
        (
            r"bihuan:(?P<rule>\w+) is (?P<value>.*), not a number from 0 to (?P<most>\d+)",
            N_("“{rule}” must be a whole number from 0 to {most}."),
        ),
        (r"bihuan:(?P<rule>\w+) is (?P<value>.*), not one of .+", N_("“{rule}” is not known here: {value}")),
        (
            r"bihuan:(?P<rule>\w+) skips a task whose form asks for a choice: .+",
            N_("“{rule}” may skip this step, so the outcome that is written then has to be chosen."),
        ),
        (r"bihuan:(?P<rule>\w+): (?P<why>.+)", N_("“{rule}” is wrong: {why}")),
        (
            r"No compensation event leads to (?P<name>.+): it is never done\.",
            N_("No compensation event leads to “{name}”: it is never done."),
        ),
        (r"No flow leads to (?P<name>.+): it is never done\.", N_("No flow leads to “{name}”: it is never done.")),
        (
            r"The message has no correlation key: whichever case waits longest takes it\.",
            N_("The message has no correlation key: whichever case waits longest takes it."),
        ),
        (
            r"Nobody looks at this condition before there is a case: .+",
            N_("Nobody looks at this condition before there is a case: it starts none by itself."),
        ),
        (
            r"Nothing stands in this subprocess: it is passed\.",
            N_("Nothing stands in this subprocess: it is passed."),
        ),
        (r"Nothing stands in this process: .+", N_("Nothing stands in this process: it is only drawn.")),
        (r"This process is only drawn: (?P<why>.+)", N_("This process is only drawn: {why}")),
        (
            r"The data store (?P<name>.+) is only drawn: .+",
            N_("The data store “{name}” is only drawn: nothing is read from it or written to it."),
        ),
        (
            r"What a data association computes is not executed: .+",
            N_("What a data association computes is not executed: write an input or output mapping."),
        ),
        (
            r"(?P<what>startQuantity|completionQuantity) (?P<number>.+) is not executed: .+",
            N_("{what} {number} is not executed: every token counts for itself."),
        ),
        (r"A (?P<type>\w+) is not executed\.", N_("A {type} is not executed, only drawn.")),
        (
            r"Nobody reads the (?P<type>\w+) (?P<who>.*): name candidate groups or an assignee\.",
            N_("Nobody reads the {type} “{who}”: name candidate groups or an assignee."),
        ),
        (
            r"Nobody is asked to do this step: it is passed at once\. .+",
            N_("Nobody is asked to do this step: it is passed at once. Make it a user task if a person does it."),
        ),
        (
            r"This step waits for a message that has no name: .+",
            N_("This step waits for a message that has no name: only an operator can move the case on."),
        ),
        (
            r"The conditions behind this gateway are not looked at: (?P<flows>.+)",
            N_("The conditions behind this gateway are not looked at: {flows}"),
        ),
        (
            r"The default flow is never taken: (?P<flows>.+) has no condition\.",
            N_("The default flow is never taken: {flows} has no condition."),
        ),
        (
            r"Every flow behind this gateway is taken: none has a condition\.",
            N_("Every flow behind this gateway is taken: none has a condition."),
        ),
        (
            r"A message flow leads from this step, which sends no message: it is only drawn\.",
            N_("A message flow leads from this step, which sends no message: it is only drawn."),
        ),
        (
            r"A message flow leads to this step, which waits for no message: it is only drawn\.",
            N_("A message flow leads to this step, which waits for no message: it is only drawn."),
        ),
        (
            r"Its condition is empty: this flow is always taken\.",
            N_("Its condition is empty: this flow is always taken."),
        ),
        (
            r"What the instances give is not collected: .+",
            N_("What the instances give is not collected: an outputDataItem is missing."),
        ),
    )
]
# What readers call the rules that a diagram may give.
RULES = {
    "cc": N_("Copies to"),
    "dispatch": N_("Dispatch"),
    "returnCaller": N_("Return to who called this process"),
    "returnOthers": N_("Other branches on return"),
    "returnTo": N_("May be returned to"),
    "transfer": N_("Transfer rule"),
    "urgeMost": N_("Most urges"),
    "urgePause": N_("Minutes between urges"),
    "whenAgain": N_("When the same person did the step before"),
    "whenEmpty": N_("When nobody holds the role"),
    "whenOwn": N_("When only who started it could do it"),
}


def reason(fault: Fault, translate: Callable[[str], str], *, is_chinese: bool) -> str:
    """This will return why something is a fault; `translate` looks sentences up in the catalog."""
    chinese = getattr(fault, "chinese", "")
    if is_chinese and chinese:
        problem = str(getattr(fault, "details", {}).get("problem", ""))
        is_foreign = fault.code == "expression-foreign" and problem
        return str(chinese).replace(problem, import_reasons.told(problem, translate)) if is_foreign else str(chinese)
    for pattern, sentence in SENTENCES:
        if found := pattern.fullmatch(fault.reason):
            told = found.groupdict()
            if "rule" in told:
                told["rule"] = translate(RULES.get(told["rule"], told["rule"]))
            return translate(sentence).format(**told)
    if fault.code == "imported":
        return import_reasons.in_note(fault.reason, translate)
    return import_reasons.told(fault.reason, translate)
