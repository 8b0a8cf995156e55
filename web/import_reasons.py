"""Why something of an imported model is not done here, or done otherwise, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Callable

from web import value_reasons


def N_(message: str) -> str:
    """This will mark `message` for translation."""
    return message


# What the engine says, as it says it, with what a reader is told.
SENTENCES = [
    (re.compile(pattern, re.DOTALL), sentence)
    for pattern, sentence in (
        (r"(?P<name>.+) is no FEEL \(.+\)", N_("{name} cannot be written in FEEL")),
        (r"(?P<name>.+) is a variable of the old engine", N_("{name} is a variable of the old engine")),
        (r"(?P<name>.+) is an object of the old engine", N_("{name} is an object of the old engine")),
        (r"(?P<name>.+) is no name in FEEL", N_("{name} is no name in FEEL")),
        (r"the function (?P<name>.+) is not known here", N_("the function {name} is not known here")),
        (
            r"a function is called that is not known here: (?P<name>.+)",
            N_("the function {name} is not known here"),
        ),
        (r"(?P<name>.+) has other arguments", N_("{name} has other arguments")),
        (r"(?P<name>.+) is not known here", N_("{name} is not known here")),
        (
            r"(?P<name>.+) is a method of something that is computed",
            N_("{name} is a method of something that is computed"),
        ),
        (r"(?P<name>.+) is no place in a list", N_("{name} is no place in a list")),
        (r"(?P<name>.+) is no variable", N_("{name} is no variable")),
        (r"(?P<name>.+) follows a value", N_("{name} stands in the wrong place")),
        (
            r"This is no JUEL expression: .+ at position (?P<position>\d+)\.",
            N_("this is no JUEL expression; look at position {position}"),
        ),
        (r"it is written in (?P<language>.+)", N_("it is written in {language}")),
        (r"(?P<event>\w*) listeners are not run here", N_("listeners of {event} are not run here")),
        (r"nothing here tells of (?P<event>.*)", N_("listeners of {event} are not run here")),
        (r"there is no event (?P<event>.*)", N_("there is no event {event}")),
        (r"a service (?P<name>.+) is needed", N_("a service {name} is needed")),
        (
            r"a timer beside the task calls it; a service (?P<name>.+) is needed",
            N_("a timer beside the task calls it; a service {name} is needed"),
        ),
        (r"a (?P<type>\w+) waits for no event", N_("a {type} waits for no event")),
        (
            r"it comes as a message of this name; without a key .+",
            N_("it comes as a message of this name; without a key any case that waits takes it"),
        ),
        (
            r"its outputs are entries of the variable (?P<name>.+), or its only one is .+",
            N_("its outputs are entries of the variable {name}; a single one is the variable itself"),
        ),
        (
            r"the service itself has to throw the error (?P<code>.+)",
            N_("the service itself has to throw the error {code}"),
        ),
        (
            r"the service (?P<name>.+) is called once, with other values",
            N_("the service {name} is called once, with other values"),
        ),
        (r"(?P<text>.*) is not a date, duration or cycle\.", N_("“{text}” is no moment, duration or cycle")),
    )
]
STATIC = (
    N_("CMMN is not executed"),
    N_("a bracket is not closed"),
    N_("a bracket is not opened"),
    N_("a case gets its number by itself: write the variable businessKey"),
    N_("a field of text stands in its place"),
    N_("a form has fixed defaults: write the variable before the task"),
    N_("a line of cron has no year here"),
    N_("a path begins with a variable"),
    N_("a priority is a whole number of 32 bits"),
    N_("a process is called by its key, not by the id of one deployment"),
    N_("a signal goes to every case that waits for it"),
    N_("a table of one output gives its value, not a row with its name"),
    N_("dates are shown alike everywhere"),
    N_("draw a receive task for the answer"),
    N_("every form is checked"),
    N_("how long ended cases stay is a matter of the rules of retention"),
    N_("it cannot be translated"),
    N_("it is neither user(...) nor group(...)"),
    N_("it is no value of this field"),
    N_("it is too long"),
    N_("it names no variable"),
    N_("it needs a timer and a class, not a script"),
    N_("its default counts"),
    N_("name the variables that the signal carries"),
    N_("nothing here reads the result"),
    N_("only R<times>/<duration> is known here"),
    N_("only a cycle R/<duration> ends at a date"),
    N_("only activities are skipped, by an expression"),
    N_("the case goes on when the service is done: draw a receive task behind it"),
    N_("the event only names the handler"),
    N_("the results stand together when all items are done"),
    N_("there is no such task here"),
    N_("variables are not deleted here"),
    N_("which service is called cannot be computed"),
    N_("working days are counted by the FEEL function add days"),
    N_("write input and output mappings"),
)  # named here so that the catalog keeps them


def told(why: str, translate: Callable[[str], str]) -> str:
    """This will return a reason of the import in the reader's language; any other text is looked up as it stands."""
    if why in STATIC:
        return translate(why)
    for pattern, sentence in SENTENCES:
        if found := pattern.fullmatch(why):
            return translate(sentence).format(**found.groupdict())
    return value_reasons.told(why, translate)


def in_note(text: str, translate: Callable[[str], str]) -> str:
    """This will return a note `what: value (why)` with its reason in the reader's language."""
    starts = [found.end() for found in re.finditer(r" \(", text)] if text.endswith(")") else []
    for start in reversed(starts):
        why = text[start:-1]
        if (said := told(why, translate)) != why:
            return f"{text[: start - 2]} ({said})"
    return text
