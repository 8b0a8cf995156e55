"""Reads the lines of a notice of the State Council on the holidays of a year.

一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from engine.calendar_years import DAY, MAKE_UP, Mark, invalid
from engine.sentences import N_

NAMED = re.compile(r"^\s*(?:[一二三四五六七八九十]+、)?\s*([^：:，。\d]{1,20})[：:]\s*(.+)$")
ASIDE = re.compile(r"（[^）]*）|\([^)]*\)")
DAYS = re.compile(r"(?:(\d{4})年)?(\d{1,2})月(\d{1,2})日(?:\s*至\s*(?:(\d{4})年)?(?:(\d{1,2})月)?(\d{1,2})日)?")


def read_notice(text: str, year: int) -> dict[date, Mark]:
    """This will return the marks that the lines of a notice give days of `year`. Raises YearInvalid.

    Lines that name no holiday are passed over; days of the years beside it too.
    """
    found: dict[date, Mark] = {}
    for line in text.splitlines():
        named = NAMED.match(ASIDE.sub("", line))
        for sentence in re.split(r"[。；;]", named[2]) if named else ():
            for day, mark in _marks(named[1].strip(), sentence, year) if named else ():
                if day.year == year:
                    found[day] = mark
    if not found:
        raise invalid(year, "marks", N_("the text names no holiday, as in “元旦：1月1日至3日放假调休。1月4日上班。”"))
    return found


def _marks(name: str, sentence: str, year: int) -> Iterator[tuple[date, Mark]]:
    is_work = "上班" in sentence
    if not is_work and "放假" not in sentence:
        return
    for first_year, month, day, last_year, last_month, last_day in DAYS.findall(sentence):
        try:
            first = date(int(first_year or year), int(month), int(day))
            last = date(int(last_year or first.year), int(last_month or month), int(last_day or day))
        except ValueError:
            raise invalid(year, "marks", N_("{part} is not a day"), part=f"{month}月{last_day or day}日") from None
        if not 0 <= (last - first).days < 31:
            raise invalid(year, "marks", N_("{part} ends before it begins"), part=sentence.strip())
        while first <= last:
            yield first, Mark(not is_work, MAKE_UP if is_work else name)
            first += DAY
