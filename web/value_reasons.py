"""What marshmallow says is wrong with a value, in the reader's language: the one place that knows its sentences."""

from __future__ import annotations

import re
from collections.abc import Callable

Translate = Callable[[str], str]


def N_(message: str) -> str:
    """This will mark `message` for translation."""
    return message


# Each pattern is marshmallow's own English; its names fill the sentence that stands for it.
SENTENCES = tuple(
    (re.compile(pattern, re.DOTALL), sentence)
    for pattern, sentence in (
        (r"Missing data for required field\.", N_("This is needed.")),
        (r"Field may not be null\.", N_("This may not be empty (null).")),
        (r"Unknown field\.", N_("There is no such field.")),
        (r"Invalid (value|input|type|input type)\.", N_("This value does not fit here.")),
        (r"Not a valid (string|utf-8 string)\.", N_("This is not a text.")),
        (r"Not a valid number\.", N_("This is not a number.")),
        (r"Not a valid integer\.", N_("This is not a whole number.")),
        (r"Number too large\.", N_("This number is too large.")),
        (r"Special numeric values .*", N_("This is not a number.")),
        (r"Not a valid boolean\.", N_("This is neither true nor false.")),
        (r"Not a valid list\.", N_("This is not a list.")),
        (r"Not a valid tuple\.", N_("This is not a list.")),
        (r"Not a valid mapping type\.", N_("Values by name are needed here.")),
        (r"Not a valid UUID\.", N_("This is not an id.")),
        (r"Not a valid date\.", N_("This is not a date; write it as 2027-01-31.")),
        (r"Not a valid (aware |naive )?datetime\.", N_("This is not a moment; write it as 2027-01-31T14:30:00+08:00.")),
        (r"Not a valid (aware |naive )?time\.", N_("This is not a time; write it as 14:30.")),
        (r"Not a valid period of time\.", N_("This is not a period of time.")),
        (r"Not a valid email address\.", N_("This is not a mail address.")),
        (r"Not a valid URL\.", N_("This is not a web address.")),
        (r"Not a valid IP\w* (address|interface)\.", N_("This is not a network address.")),
        (r".* cannot be formatted as a .*", N_("This value does not fit here.")),
        (r"Must be one of: (?P<choices>.*)\.", N_("Must be one of: {choices}.")),
        (r"Must be equal to (?P<other>.*)\.", N_("Must be equal to {other}.")),
        (r"Length must be between (?P<min>.+) and (?P<max>.+)\.", N_("Needs {min} to {max} characters or entries.")),
        (r"Length must be (?P<equal>.+)\.", N_("Needs exactly {equal} characters or entries.")),
        (r"Shorter than minimum length (?P<min>.+)\.", N_("Needs at least {min} characters or entries.")),
        (r"Longer than maximum length (?P<max>.+)\.", N_("Takes at most {max} characters or entries.")),
        (
            r"Must be greater than or equal to (?P<min>.+) and less than or equal to (?P<max>.+)\.",
            N_("Must lie between {min} and {max}."),
        ),
        (r"Must be greater than or equal to (?P<min>.+)\.", N_("Must be at least {min}.")),
        (r"Must be less than or equal to (?P<max>.+)\.", N_("Must be at most {max}.")),
        (r"Must be greater than (?P<min>.+)\.", N_("Must be more than {min}.")),
        (r"Must be less than (?P<max>.+)\.", N_("Must be less than {max}.")),
        (r"String does not match expected pattern\.", N_("This is not written as it should be.")),
        (r"One or more of the choices you made was not in: (?P<choices>.*)\.", N_("Must be one of: {choices}.")),
        (r"One or more of the choices you made was in: (?P<choices>.*)\.", N_("May not be one of: {choices}.")),
        (r"Invalid JSON body\.", N_("The body is not JSON.")),
    )
)


def told(reason: str, translate: Translate) -> str:
    """This will say in the reader's language what marshmallow said; any other text is looked up as it stands."""
    for pattern, sentence in SENTENCES:
        if found := pattern.fullmatch(reason):
            return translate(sentence).format(**found.groupdict())
    return translate(reason)
