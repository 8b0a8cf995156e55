"""Numeric functions (DMN 1.5, table 75)."""

from __future__ import annotations

from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
)
from typing import Any

from .durations import DayTimeDuration, YearMonthDuration
from .registry import NoResult, builtin
from .values import NUMBERS

_SCALES = (-6111, 6176)


def rounded(number: Decimal, scale: Decimal | None, rounding: str) -> Decimal:
    """This will round to `scale` digits behind the point; negative scales round tens and hundreds."""
    places = int(scale or 0)
    if scale is not None and (scale != places or not _SCALES[0] <= places <= _SCALES[1]):
        raise NoResult
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent <= places:
        return number
    if number.adjusted() < -places - 1:
        # all digits are far behind the last place that stays: only the direction counts
        number = Decimal((number.as_tuple().sign, (1,), -places - 2)) if number else number
    result = number.quantize(Decimal(1).scaleb(-places, NUMBERS), rounding=rounding, context=NUMBERS)
    return result if places >= 0 else NUMBERS.create_decimal(f"{result:f}")


@builtin("decimal", "n: number, scale: number")
def _decimal(number: Decimal, scale: Decimal) -> Decimal:
    return rounded(number, Decimal(int(scale)), ROUND_HALF_EVEN)


@builtin("floor", "n: number, scale?: number")
def _floor(number: Decimal, scale: Decimal | None = None) -> Decimal:
    return rounded(number, scale, ROUND_FLOOR)


@builtin("ceiling", "n: number, scale?: number")
def _ceiling(number: Decimal, scale: Decimal | None = None) -> Decimal:
    return rounded(number, scale, ROUND_CEILING)


@builtin("round up", "n: number, scale: number")
def _round_up(number: Decimal, scale: Decimal) -> Decimal:
    return rounded(number, scale, ROUND_UP)


@builtin("round down", "n: number, scale: number")
def _round_down(number: Decimal, scale: Decimal) -> Decimal:
    return rounded(number, scale, ROUND_DOWN)


@builtin("round half up", "n: number, scale: number")
def _round_half_up(number: Decimal, scale: Decimal) -> Decimal:
    return rounded(number, scale, ROUND_HALF_UP)


@builtin("round half down", "n: number, scale: number")
def _round_half_down(number: Decimal, scale: Decimal) -> Decimal:
    return rounded(number, scale, ROUND_HALF_DOWN)


@builtin("abs", "n: number", "n: duration")
def _abs(value: Decimal | DayTimeDuration | YearMonthDuration) -> Any:
    if isinstance(value, Decimal):
        return NUMBERS.abs(value)
    if isinstance(value, DayTimeDuration):
        return DayTimeDuration(abs(value.nanos))
    return YearMonthDuration(abs(value.months))


@builtin("modulo", "dividend: number, divisor: number")
def _modulo(dividend: Decimal, divisor: Decimal) -> Decimal:
    if divisor.is_zero():
        raise NoResult
    rest = NUMBERS.remainder(dividend, divisor)
    # the result has the sign of the divisor: dividend - divisor * floor(dividend / divisor)
    return NUMBERS.add(rest, divisor) if rest and (rest < 0) != (divisor < 0) else NUMBERS.abs(rest) * _sign(rest)


def _sign(number: Decimal) -> int:
    return -1 if number < 0 else 1


@builtin("sqrt", "number: number")
def _sqrt(number: Decimal) -> Decimal | None:
    return None if number < 0 else NUMBERS.sqrt(number)


@builtin("log", "number: number")
def _log(number: Decimal) -> Decimal | None:
    return None if number <= 0 else NUMBERS.ln(number)


@builtin("exp", "number: number")
def _exp(number: Decimal) -> Decimal:
    return NUMBERS.exp(number)


@builtin("odd", "number: number")
def _odd(number: Decimal) -> bool | None:
    return _parity(number) == 1 if number == number.to_integral_value() else None


@builtin("even", "number: number")
def _even(number: Decimal) -> bool | None:
    return _parity(number) == 0 if number == number.to_integral_value() else None


def _parity(number: Decimal) -> int:
    return 0 if number.adjusted() > 40 else int(number) % 2


@builtin("not", "negand: any", null=True)
def _not(value: Any) -> bool | None:
    return not value if type(value) is bool else None
