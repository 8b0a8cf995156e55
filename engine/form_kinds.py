"""The kinds of values a form holds, each a marshmallow field that checks and cleans what was sent for it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Context, Decimal, InvalidOperation
from functools import cached_property
from typing import Any, cast
from zoneinfo import ZoneInfo

import marshmallow as ma
import re2

from engine import feel
from engine.form_fields import Loading, Value, value_at

ZONE = ZoneInfo("Asia/Shanghai")
MAX_TEXT = {"textfield": 4_000, "textarea": 50_000}
MAX_CHOICES = 500
MAX_DIGITS = 34  # decimal128, as FEEL computes
EXACT = Context(prec=2 * MAX_DIGITS + 2)  # no digit of a number of 34 digits is lost on either side of the point
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_EMAIL = r"^[^\s@<>]+@[^\s@<>.]+(\.[^\s@<>.]+)+$"
_PHONE = r"^\+?[0-9(][0-9() -]{5,24}[0-9]$"
_CODE = re.compile(r"[\w.\-/()（）]{1,64}")
_FILE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class TextValue(Value):
    """A line or a block of text."""

    def clean(self, value: Any, loading: Loading) -> str:
        """This will return the text with plain line ends."""
        if not isinstance(value, str):
            raise self.wrong("not_text")
        value = value.replace("\r\n", "\n").replace("\r", "\n")
        if _CONTROL.search(value):
            raise self.wrong("control")
        most = MAX_TEXT.get(self.spec["type"], 4_000)
        longest = loading.resolve(self.rules.get("maxLength"))
        limit = min(int(longest), most) if longest is not None else most
        if len(value) > limit:
            raise self.wrong("max_length", limit=limit, found=len(value))
        shortest = loading.resolve(self.rules.get("minLength"))
        if shortest is not None and len(value) < int(shortest):
            raise self.wrong("min_length", limit=shortest, found=len(value))
        self.check_pattern(value)
        return str(value)

    def check_pattern(self, value: str) -> None:
        """This will refuse a text that does not fit the pattern or kind of text that is asked for."""
        kind = self.rules.get("validationType")
        pattern = {"email": _EMAIL, "phone": _PHONE}.get(kind or "") or self.rules.get("pattern")
        if pattern and not re2.search(pattern, value):
            message = self.rules.get("patternErrorMessage")
            if message:
                raise ma.ValidationError(message)
            raise self.wrong(kind if kind in ("email", "phone") else "pattern")


class NumberValue(Value):
    """An exact decimal number."""

    def clean(self, value: Any, loading: Loading) -> Any:
        """This will return a Decimal, or text where the form asks for it (serializeToString)."""
        number = self.number(value)
        digits = loading.resolve(self.spec.get("decimalDigits"))
        if digits is not None and -cast(int, number.as_tuple().exponent) > int(digits):
            raise self.wrong("digits", limit=digits)
        for rule, is_wrong in (("min", number.__lt__), ("max", number.__gt__)):
            limit = loading.resolve(self.rules.get(rule))
            if limit not in (None, "") and is_wrong(Decimal(str(limit))):
                raise self.wrong(rule, limit=limit)
        step = loading.resolve(self.rules.get("step"))
        if step and EXACT.remainder(number, Decimal(str(step))) != 0:
            raise self.wrong("step", limit=step)
        return format(number, "f") if self.spec.get("serializeToString") else number

    def number(self, value: Any) -> Decimal:
        """This will return the exact number without trailing zeros behind the point."""
        if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
            raise self.wrong("not_number")
        if (isinstance(value, int) and abs(value) >= 10**64) or (isinstance(value, str) and len(value) > 64):
            raise self.wrong("size")
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            raise self.wrong("not_number") from None
        if not number.is_finite():
            raise self.wrong("not_number")
        if (number and not -MAX_DIGITS <= number.adjusted() < MAX_DIGITS) or len(number.as_tuple().digits) > MAX_DIGITS:
            raise self.wrong("size")
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
            raise self.wrong("not_bool")
        return True


class ChoiceValue(Value):
    """One of several choices: static, from the case data (valuesKey) or from an expression (valuesExpression)."""

    needs = "required_choice"

    def clean(self, value: Any, loading: Loading) -> Any:
        """This will return the chosen value."""
        self.check(value, self.choices(loading))
        return value

    def check(self, value: Any, choices: list[tuple[Any, str]]) -> None:
        """This will refuse a value that is no choice."""
        if not any(_is_same(value, each) for each, _ in choices):
            raise self.wrong("not_choice", value=str(value)[:40])

    def choices(self, loading: Loading) -> list[tuple[Any, str]]:
        """This will return values and labels."""
        if "valuesExpression" in self.spec or "valuesKey" in self.spec:
            return options(self.spec, loading)
        return self._written

    @cached_property
    def _written(self) -> list[tuple[Any, str]]:
        return written(self.spec)


class ChoicesValue(ChoiceValue):
    """Several of several choices, each once."""

    empty = (None, "", [])

    def nothing(self, value: Any) -> list[Any]:
        """This will return an empty list."""
        return []

    def clean(self, value: Any, loading: Loading) -> list[Any]:
        """This will return the chosen values in the order they were sent."""
        if not isinstance(value, list) or len(value) > MAX_CHOICES:
            raise self.wrong("not_list")
        choices = self.choices(loading)
        for position, each in enumerate(value):
            self.check(each, choices)
            if each in value[:position]:
                raise self.wrong("twice", value=str(each)[:40])
        return list(value)


class MomentValue(Value):
    """A date, a time, or both; stored as ISO text."""

    def clean(self, value: Any, loading: Loading) -> str:
        """This will return the ISO text: a date-time carries its offset unless the form asks for none."""
        subtype = self.spec.get("subtype", "date")
        if not isinstance(value, str) or len(value) > 40:
            raise self.wrong(f"not_{subtype}")
        try:
            if subtype == "time":
                return self.time_text(value)
            moment = self.moment(value) if subtype == "datetime" else None
            day = moment.date() if moment else date.fromisoformat(value)
        except ValueError:
            raise self.wrong(f"not_{subtype}") from None
        today = loading.environment.local_now().date()
        if self.spec.get("disallowPassedDates") and day < today:
            raise self.wrong("passed", limit=today)
        if self.rules.get("disallowFutureDates") and day > today:
            raise self.wrong("future", limit=today)
        return moment.isoformat() if moment else day.isoformat()

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

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **_: Any) -> Any:
        """This will return the value of the expression over case data and form."""
        loading = self.loading
        if self.path in loading.hidden:
            return ma.missing
        return feel.to_json(loading.resolve(self.spec.get("expression")))


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
            raise self.wrong("not_file")
        if not self.spec.get("multiple") and len(found) > 1:
            raise self.wrong("one_file")
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
            raise self.wrong("not_code")
        if loading.known is not None:
            day = value_at(loading.scope, self.spec["on"]) if self.spec.get("on") else None
            for code in codes:
                if not loading.known(self.spec.get("register", ""), code, day):
                    raise self.wrong("unknown_code", value=code)
        if self.spec.get("multiple"):
            return list(dict.fromkeys(codes))
        if len(codes) > 1:
            raise self.wrong("one_code")
        return codes[0]


class PlaceValue(Value):
    """A point on the map: latitude and longitude in degrees."""

    needs = "required_place"

    def clean(self, value: Any, loading: Loading) -> dict[str, Decimal]:
        """This will return the point, exact to 0.000001 degrees (0.1 m)."""
        if not isinstance(value, dict):
            raise self.wrong("not_place")
        return {key: self.degrees(value.get(key), most) for key, most in (("lat", 90), ("lng", 180))}

    def degrees(self, value: Any, most: int) -> Decimal:
        """This will return one coordinate."""
        if not _is_number(value) or not math.isfinite(value) or abs(value) > most:
            raise self.wrong("not_place")
        return _plain(round(Decimal(str(value)), 6))


def options(spec: Mapping[str, Any], loading: Loading) -> list[tuple[Any, str]]:
    """This will return the choices of a component as (value, label)."""
    if "valuesExpression" in spec:
        found = loading.resolve(spec["valuesExpression"])
    elif "valuesKey" in spec:
        found = value_at(loading.scope, spec["valuesKey"])
    else:
        return written(spec)
    return [_option(each) for each in found] if isinstance(found, list) else []


def written(spec: Mapping[str, Any]) -> list[tuple[Any, str]]:
    """This will return the choices that stand in the form itself."""
    found = spec.get("values")
    return [_option(each) for each in found] if isinstance(found, list) else []


def _option(each: Any) -> tuple[Any, str]:
    if isinstance(each, dict) and "value" in each:
        return each["value"], str(each.get("label", each["value"]))
    return each, str(each)


def _is_same(value: Any, other: Any) -> bool:
    if _is_number(value) and _is_number(other):
        return Decimal(str(value)) == Decimal(str(other))
    return type(value) is type(other) and value == other


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


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
