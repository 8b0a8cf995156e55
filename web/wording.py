"""Sentences of the engine in the reader's language: nested ones, days, moments, rest days in a row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from engine import Sentence, calendars, reckoning

Translate = Callable[[str], str]


def N_(message: str) -> str:
    """This will mark `message` for translation."""
    return message


BETWEEN, FROM_TO = N_(", "), N_("{first} to {last}")


def said(sentence: Sentence, translate: Translate) -> str:
    """This will write a sentence; `translate` looks templates up in the catalog."""
    values = {name: written(value, translate) for name, value in sentence.values.items()}
    return translate(sentence.template).format_map(values)


def written(value: Any, translate: Translate) -> str:
    """This will write what fills a sentence in."""
    if isinstance(value, Sentence):
        return said(value, translate)
    if isinstance(value, reckoning.Span):
        return span(value, translate)
    if isinstance(value, tuple):
        years = [each.first.year if isinstance(each, reckoning.Span) else 0 for each in value]
        changes = [before != year for before, year in zip([years[0], *years], years, strict=False)] if years else []
        told = zip(value, changes, strict=True)
        return translate(BETWEEN).join(
            span(each, translate, is_dated) if isinstance(each, reckoning.Span) else written(each, translate)
            for each, is_dated in told
        )
    if isinstance(value, datetime):
        return f"{value.astimezone(calendars.CHINA):%Y-%m-%d %H:%M}"
    return value.isoformat() if isinstance(value, date) else str(value)


def span(days: reckoning.Span, translate: Translate, is_dated: bool = False) -> str:
    """This will write rest days or make-up days in a row: 10-01至10-07 国庆节; `is_dated`: with the year."""
    first, last = f"{days.first:%m-%d}", f"{days.last:%m-%d}"
    when = first if first == last else translate(FROM_TO).format(first=first, last=last)
    return f"{f'{days.first.year}-' if is_dated else ''}{when} {said(days.words, translate)}"
