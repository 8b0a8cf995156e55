"""The kinds of values a form holds, each a marshmallow field that checks and cleans what was sent for it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Context, Decimal, InvalidOperation
from typing import Any, cast
from zoneinfo import ZoneInfo

import marshmallow as ma
import re2

from engine import feel
from engine.form_fields import Loading, Value, compiled, value_at

ZONE = ZoneInfo("Asia/Shanghai")
MAX_TEXT = {"textfield": 4_000, "textarea": 50_000}
MAX_CHOICES = 500
MAX_DIGITS = 34  # decimal128, as FEEL computes
EXACT = Context(prec=2 * MAX_DIGITS + 2)  # no digit of a number of 34 digits is lost on either side of the point
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_PATTERNS = {"email": r"^[^\s@<>]+@[^\s@<>.]+(\.[^\s@<>.]+)+$", "phone": r"^\+?[0-9(][0-9() -]{5,24}[0-9]$"}
_NUMERIC = (str, int, float, Decimal)  # a tuple is looked through faster than a union
_CODE = re.compile(r"[\w.\-/()（）]{1,64}")
_FILE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class TextValue(Value):
    """A line or a block of text."""

    def __init__(self, spec: Mapping[str, Any], path: str, label: str) -> None:
        """This will check a text by the component `spec`."""
        super().__init__(spec, path, label)
        self.most = MAX_TEXT.get(spec["type"], 4_000)
        self.longest, self.shortest = compiled(self.rules.get("maxLength")), compiled(self.rules.get("minLength"))
        if type(self.longest) is int:
            self.most, self.longest = min(self.longest, self.most), None
        self.is_bounded = self.longest is not None or self.shortest is not None
        kind = self.rules.get("validationType")
        self.kind = kind if isinstance(kind, str) and kind in _PATTERNS else "pattern"
        pattern = _PATTERNS.get(self.kind) or self.rules.get("pattern")
        self.pattern = re2.compile(pattern) if pattern else None

    def clean(self, value: Any, loading: Loading) -> str:
        """This will return the text with plain line ends."""
        if not isinstance(value, str):
            raise self.wrong("not_text", loading)
        text: str = value
        if not text.isprintable():  # else it has neither line ends nor control characters
            text = text.replace("\r\n", "\n").replace("\r", "\n")
            if _CONTROL.search(text):
                raise self.wrong("control", loading)
        if len(text) > self.most or self.is_bounded:
            self.check_length(text, loading)
        if self.pattern is not None and not self.pattern.search(text):
            message = self.rules.get("patternErrorMessage")
            raise ma.ValidationError(message) if message else self.wrong(self.kind, loading)
        return text

    def check_length(self, value: str, loading: Loading) -> None:
        """This will refuse a text that is longer or shorter than the form takes."""
        longest = loading.resolve(self.longest)
        limit = min(int(longest), self.most) if longest is not None else self.most
        if len(value) > limit:
            raise self.wrong("max_length", loading, limit=limit, found=len(value))
        shortest = loading.resolve(self.shortest)
        if shortest is not None and len(value) < int(shortest):
            raise self.wrong("min_length", loading, limit=shortest, found=len(value))


class NumberValue(Value):
    """An exact decimal number."""

    def __init__(self, spec: Mapping[str, Any], path: str, label: str) -> None:
        """This will check a number by the component `spec`."""
        super().__init__(spec, path, label)
        self.digits, self.step = compiled(spec.get("decimalDigits")), compiled(self.rules.get("step"))
        self.least, self.most = compiled(self.rules.get("min")), compiled(self.rules.get("max"))
        self.is_bounded = any(each is not None for each in (self.digits, self.step, self.least, self.most))

    def clean(self, value: Any, loading: Loading) -> Any:
        """This will return a Decimal, or text where the form asks for it (serializeToString)."""
        number = self.number(value, loading)
        if self.is_bounded:
            self.check(number, loading)
        return format(number, "f") if self.spec.get("serializeToString") else number

    def check(self, number: Decimal, loading: Loading) -> None:
        """This will refuse a number with too many digits, out of its bounds, or between its steps."""
        digits = loading.resolve(self.digits)
        if digits is not None and -cast(int, number.as_tuple().exponent) > int(digits):
            raise self.wrong("digits", loading, limit=digits)
        least, most, step = loading.resolve(self.least), loading.resolve(self.most), loading.resolve(self.step)
        if least not in (None, "") and number < Decimal(str(least)):
            raise self.wrong("min", loading, limit=least)
        if most not in (None, "") and number > Decimal(str(most)):
            raise self.wrong("max", loading, limit=most)
        if step and EXACT.remainder(number, Decimal(str(step))) != 0:
            raise self.wrong("step", loading, limit=step)

    def number(self, value: Any, loading: Loading) -> Decimal:
        """This will return the exact number without trailing zeros behind the point."""
        if type(value) is int and abs(value) < 10**MAX_DIGITS:
            return Decimal(value)
        if isinstance(value, bool) or not isinstance(value, _NUMERIC):
            raise self.wrong("not_number", loading)
        if (isinstance(value, int) and abs(value) >= 10**64) or (isinstance(value, str) and len(value) > 64):
            raise self.wrong("size", loading)
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            raise self.wrong("not_number", loading) from None
        if not number.is_finite():
            raise self.wrong("not_number", loading)
        if (number and not -MAX_DIGITS <= number.adjusted() < MAX_DIGITS) or len(number.as_tuple().digits) > MAX_DIGITS:
            raise self.wrong("size", loading)
        return _plain(number)


class CheckValue(Value):
    """A box that is ticked or not; a required one must be ticked."""

    empty = (None, "", False)
    needs = "required_check"

    def absent(self, loading: Loading) -> Any:
        """This will return False: a box that was not sent was not ticked."""
        return False if loading.is_strict else ma.missing

    def nothing(self, value: Any) -> bool:
        """This will return False."""
        return False

    def clean(self, value: Any, loading: Loading) -> bool:
        """This will return True."""
        if value is not True:
            raise self.wrong("not_bool", loading)
        return True


class ChoiceValue(Value):
    """One of several choices: static, from the case data (valuesKey) or from an expression (valuesExpression)."""

    needs = "required_choice"

    def __init__(self, spec: Mapping[str, Any], path: str, label: str) -> None:
        """This will check a choice by the component `spec`."""
        super().__init__(spec, path, label)
        self.computed, self.looked_up = compiled(spec.get("valuesExpression")), spec.get("valuesKey", "")
        self.is_open = "valuesExpression" in spec or "valuesKey" in spec
        self.written = [] if self.is_open else _values(spec.get("values"))
        self.words = frozenset(each for each in self.written if type(each) is str)

    def clean(self, value: Any, loading: Loading) -> Any:
        """This will return the chosen value."""
        self.check(value, self.choices(loading), loading)
        return value

    def check(self, value: Any, choices: list[Any], loading: Loading) -> None:
        """This will refuse a value that is no choice."""
        is_written = type(value) is str and value in self.words
        if not is_written and not any(_is_same(value, each) for each in choices):
            raise self.wrong("not_choice", loading, value=str(value)[:40])

    def choices(self, loading: Loading) -> list[Any]:
        """This will return the values that may be chosen."""
        if not self.is_open:
            return self.written
        is_computed = "valuesExpression" in self.spec
        return _values(loading.resolve(self.computed) if is_computed else value_at(loading.scope, self.looked_up))


class ChoicesValue(ChoiceValue):
    """Several of several choices, each once."""

    empty = (None, "", [])

    def nothing(self, value: Any) -> list[Any]:
        """This will return an empty list."""
        return []

    def clean(self, value: Any, loading: Loading) -> list[Any]:
        """This will return the chosen values in the order they were sent."""
        if not isinstance(value, list) or len(value) > MAX_CHOICES:
            raise self.wrong("not_list", loading)
        choices = self.choices(loading)
        for position, each in enumerate(value):
            self.check(each, choices, loading)
            if each in value[:position]:
                raise self.wrong("twice", loading, value=str(each)[:40])
        return list(value)


class MomentValue(Value):
    """A date, a time, or both; stored as ISO text."""

    def __init__(self, spec: Mapping[str, Any], path: str, label: str) -> None:
        """This will check a date or time by the component `spec`."""
        super().__init__(spec, path, label)
        self.subtype = spec.get("subtype", "date")
        self.refuses_past, self.refuses_future = spec.get("disallowPassedDates"), self.rules.get("disallowFutureDates")

    def clean(self, value: Any, loading: Loading) -> str:
        """This will return the ISO text: a date-time carries its offset unless the form asks for none."""
        if not isinstance(value, str) or len(value) > 40:
            raise self.wrong(f"not_{self.subtype}", loading)
        try:
            if self.subtype == "time":
                return self.time_text(value)
            moment = self.moment(value) if self.subtype == "datetime" else None
            day = moment.date() if moment else date.fromisoformat(value)
        except ValueError:
            raise self.wrong(f"not_{self.subtype}", loading) from None
        if self.refuses_past or self.refuses_future:
            self.check(day, loading)
        return moment.isoformat() if moment else day.isoformat()

    def check(self, day: date, loading: Loading) -> None:
        """This will refuse a day before or after today where the form does not take it."""
        today = loading.environment.local_now().date()
        if self.refuses_past and day < today:
            raise self.wrong("passed", loading, limit=today)
        if self.refuses_future and day > today:
            raise self.wrong("future", loading, limit=today)

    def moment(self, value: str) -> datetime:
        """This will return the moment; one without an offset is China's clock."""
        moment = datetime.fromisoformat(value)
        if len(value) <= 10:
            raise ValueError(value)
        form = self.spec.get("timeSerializingFormat")
        if form == "no_timezone":
            return moment.astimezone(ZONE).replace(tzinfo=None) if moment.tzinfo else moment
        moment = moment if moment.tzinfo else moment.replace(tzinfo=ZONE)
        return moment.astimezone(UTC) if form == "utc_normalized" else moment

    def time_text(self, value: str) -> str:
        """This will return hours, minutes, seconds and the offset that was sent."""
        moment = time.fromisoformat(value)
        keeps_offset = self.spec.get("timeSerializingFormat") != "no_timezone"
        return moment.isoformat() if keeps_offset else moment.replace(tzinfo=None).isoformat()


class ComputedValue(Value):
    """A value that the form computes with FEEL: the server computes it again and ignores what was sent."""

    def __init__(self, spec: Mapping[str, Any], path: str, label: str) -> None:
        """This will compute the value of the component `spec`."""
        super().__init__(spec, path, label)
        self.expression = compiled(spec.get("expression"))

    def accept(self, value: Any, loading: Loading) -> Any:
        """This will return the value of the expression over case data and form."""
        return ma.missing if self.path in loading.hidden else feel.to_json(loading.resolve(self.expression))


class FilesValue(Value):
    """Files that were uploaded before: the ids of attachments."""

    empty = (None, "", [])
    needs = "required_file"

    def nothing(self, value: Any) -> list[str]:
        """This will return an empty list."""
        return []

    def clean(self, value: Any, loading: Loading) -> list[str]:
        """This will return the ids of the attachments; what else the page sent of them is not trusted."""
        sent = value if isinstance(value, list) else [value]
        ids = [each.get("id") if isinstance(each, dict) else each for each in sent]
        found = [each for each in ids if isinstance(each, str) and _FILE.fullmatch(each)]
        if len(found) < len(sent) or len(sent) > MAX_CHOICES:
            raise self.wrong("not_file", loading)
        if not self.spec.get("multiple") and len(found) > 1:
            raise self.wrong("one_file", loading)
        return found


class RegisterValue(Value):
    """Codes of a register, as the criteria of a grade."""

    empty = (None, "", [])
    needs = "required_choice"

    def nothing(self, value: Any) -> Any:
        """This will return an empty list, or None for a single code."""
        return [] if self.spec.get("multiple") else None

    def clean(self, value: Any, loading: Loading) -> Any:
        """This will return the codes, each once; one text where the field takes a single code."""
        codes = list(value) if isinstance(value, list) else [value]
        if len(codes) > MAX_CHOICES or not all(isinstance(each, str) and _CODE.fullmatch(each) for each in codes):
            raise self.wrong("not_code", loading)
        if loading.known is not None:
            day = value_at(loading.scope, self.spec["on"]) if self.spec.get("on") else None
            for code in codes:
                if not loading.known(self.spec.get("register", ""), code, day):
                    raise self.wrong("unknown_code", loading, value=code)
        if self.spec.get("multiple"):
            return list(dict.fromkeys(codes))
        if len(codes) > 1:
            raise self.wrong("one_code", loading)
        return codes[0]


class PlaceValue(Value):
    """A point on the map: latitude and longitude in degrees."""

    needs = "required_place"

    def clean(self, value: Any, loading: Loading) -> dict[str, Decimal]:
        """This will return the point, exact to 0.000001 degrees (0.1 m)."""
        if not isinstance(value, dict):
            raise self.wrong("not_place", loading)
        return {key: self.degrees(value.get(key), most, loading) for key, most in (("lat", 90), ("lng", 180))}

    def degrees(self, value: Any, most: int, loading: Loading) -> Decimal:
        """This will return one coordinate."""
        if not _is_number(value) or not math.isfinite(value) or abs(value) > most:
            raise self.wrong("not_place", loading)
        return _plain(round(Decimal(str(value)), 6))


def _values(choices: Any) -> list[Any]:
    found = choices if isinstance(choices, list) else []
    return [each["value"] if isinstance(each, dict) and "value" in each else each for each in found]


def _is_same(value: Any, other: Any) -> bool:
    if _is_number(value) and _is_number(other):
        return Decimal(str(value)) == Decimal(str(other))
    return type(value) is type(other) and value == other


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def _plain(number: Decimal) -> Decimal:
    whole = number.to_integral_value(context=EXACT)
    return whole.quantize(Decimal(1), context=EXACT) if number == whole else number.normalize(EXACT)


KINDS: dict[str, type[Value]] = {
    "textfield": TextValue,
    "textarea": TextValue,
    "number": NumberValue,
    "checkbox": CheckValue,
    "radio": ChoiceValue,
    "select": ChoiceValue,
    "checklist": ChoicesValue,
    "taglist": ChoicesValue,
    "datetime": MomentValue,
    "expression": ComputedValue,
    "filepicker": FilesValue,
    "register": RegisterValue,
    "geopoint": PlaceValue,
}
