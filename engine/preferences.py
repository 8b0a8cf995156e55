"""By which ways and when a person wants to be told: what each may choose, and when a message may come."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from engine.calendars import CHINA, Calendar
from engine.channels import CHANNELS, SHAPES
from engine.db import upserting
from engine.errors import Invalid
from engine.models import NoticePreference
from engine.notices import KINDS, URGENT
from engine.turn import Turn

NOW, DIGEST, NONE = "now", "digest", "none"
MODES = (NOW, DIGEST, NONE)
WINDOW = timedelta(minutes=2)  # what comes within it is one message
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
LONGEST_WAIT = 400  # days: no calendar rests longer


class PreferenceInvalid(Invalid):
    """These settings of messages cannot be kept: {reason}."""


class AddressWrong(PreferenceInvalid):
    """“{address}” is no address for {channel}."""


class TimeWrong(PreferenceInvalid):
    """“{time}” is no time of the day such as 07:30."""


class ChoiceUnknown(PreferenceInvalid):
    """There is no choice “{choice}” for messages."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """What one person wishes; the default is what holds for who has chosen nothing."""

    addresses: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    quiet_from: str = "20:00"
    quiet_until: str = "07:30"
    is_quiet_on_rest_days: bool = True
    urgent_passes: bool = True
    digest_at: str = "08:30"

    def mode(self, channel: str, kind: str) -> str:
        """This will tell whether something goes out at once, once a day, or not at all."""
        return self.choices.get(channel, {}).get(kind, NOW)

    def moment(self, kind: str, mode: str, now: datetime, calendar: Calendar) -> datetime:
        """This will return when a message that is made `now` goes out."""
        if mode == DIGEST:
            return self._digest(now, calendar)
        is_urgent = kind in URGENT and self.urgent_passes
        return now + WINDOW if is_urgent else max(now + WINDOW, self._after_quiet(now + WINDOW, calendar))

    def _digest(self, now: datetime, calendar: Calendar) -> datetime:
        local = now.astimezone(CHINA)
        found = _at(local, self.digest_at)
        if found <= local:
            found = _at(local + timedelta(days=1), self.digest_at)
        for _day in range(LONGEST_WAIT):
            if not self.is_quiet_on_rest_days or calendar.is_workday(found.date()):
                break
            found += timedelta(days=1)
        return found

    def _after_quiet(self, moment: datetime, calendar: Calendar) -> datetime:
        local = moment.astimezone(CHINA)
        for _day in range(LONGEST_WAIT):
            if self.is_quiet_on_rest_days and not calendar.is_workday(local.date()):
                local = _at(local + timedelta(days=1), "00:00")
                continue
            end = self._end_of_quiet(local)
            if end is None:
                break
            local = end
        return local

    def _end_of_quiet(self, local: datetime) -> datetime | None:
        """The end of the quiet hours in which a moment lies; they may reach over midnight. None: it lies in none."""
        here = f"{local:%H:%M}"
        if self.quiet_from <= self.quiet_until:
            is_quiet, is_evening = self.quiet_from <= here < self.quiet_until, False
        else:
            is_evening = here >= self.quiet_from
            is_quiet = is_evening or here < self.quiet_until
        if not is_quiet:
            return None
        return _at(local + timedelta(days=1) if is_evening else local, self.quiet_until)


def _at(local: datetime, clock: str) -> datetime:
    return datetime.combine(local.date(), time.fromisoformat(clock), CHINA)


def of_row(row: NoticePreference | None) -> Preferences:
    """This will return what a person wishes, as its row keeps it."""
    if row is None:
        return Preferences()
    return Preferences(
        json.loads(row.addresses),
        json.loads(row.choices),
        row.quiet_from,
        row.quiet_until,
        row.is_quiet_on_rest_days,
        row.urgent_passes,
        row.digest_at,
    )


def find(session: Session, person_id: int | None) -> Preferences:
    """This will return what a person wishes."""
    return of_row(session.get(NoticePreference, person_id)) if person_id is not None else Preferences()


def keep(turn: Turn, values: Mapping[str, Any]) -> Preferences:
    """This will keep what the actor wishes; what is not given stays as it is. Raises PreferenceInvalid."""
    old = find(turn.session, turn.by.person_id)
    names = Preferences.__dataclass_fields__
    wished = Preferences(**{name: values.get(name, getattr(old, name)) for name in names})
    _check(wished)
    row: dict[str, Any] = {name: getattr(wished, name) for name in names}
    for name in ("addresses", "choices"):
        row[name] = json.dumps(row[name], ensure_ascii=False)
    row["changed_at"] = turn.now
    made = upserting(turn.session, NoticePreference).values(person_id=turn.by.person_id, **row)
    turn.session.execute(made.on_conflict_do_update(index_elements=["person_id"], set_=row))
    return wished


def _check(wished: Preferences) -> None:
    for clock in (wished.quiet_from, wished.quiet_until, wished.digest_at):
        if not _CLOCK.fullmatch(clock):
            raise TimeWrong(time=clock)
    _known(wished.addresses, CHANNELS)
    for channel, address in wished.addresses.items():
        if not SHAPES[channel].fullmatch(address):
            raise AddressWrong(address=address, channel=channel)
    _known(wished.choices, CHANNELS)
    for chosen in wished.choices.values():
        _known(chosen, KINDS)
        _known(chosen.values(), MODES)


def _known(given: Collection[str], allowed: Collection[str]) -> None:
    for each in given:
        if each not in allowed:
            raise ChoiceUnknown(choice=each)
