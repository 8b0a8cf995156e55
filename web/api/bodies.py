"""Bodies of requests: JSON whose numbers nobody rounds, and how large it may be."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Blueprint, Request, Response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from marshmallow import ValidationError
from webargs import core
from webargs.flaskparser import FlaskParser, is_json_request

from web import errors

MEGABYTES = 4  # of what is told to cases; what is larger is a file
FARTHEST = 6144  # digits before or after the point: FEEL's numbers are those of IEEE 754 decimal128
LONGEST = 1_000  # digits of a whole number


class Parser(FlaskParser):
    """Reads JSON: decimals with every digit, whole numbers, and no others."""

    def _raw_load_json(self, req: Request) -> Any:
        """This will read the body; what is no JSON at all is answered as webargs does."""
        if not is_json_request(req):
            return core.missing
        try:
            text = req.get_data(cache=True).decode()
        except UnicodeDecodeError as error:
            raise json.JSONDecodeError(
                f"Bytes decoding error : {error.reason}", str(error.object), error.start
            ) from error
        return json.loads(text, parse_float=_decimal, parse_int=_whole, parse_constant=_refuse)


def _decimal(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation as error:
        raise ValidationError({"_schema": ["Number too large."]}) from error
    if found and abs(found.adjusted()) > FARTHEST:
        raise ValidationError({"_schema": ["Number too large."]})
    return found


def _whole(text: str) -> int:
    if len(text) > LONGEST:
        raise ValidationError({"_schema": ["Number too large."]})
    return int(text)


def _refuse(_constant: str) -> Any:
    raise ValidationError({"_schema": ["Not a valid number."]})


def limit(blueprint: Blueprint) -> None:
    """This will answer 413 to bodies that are too large for what is told to cases."""

    def refuse_large() -> Response | ResponseReturnValue | None:
        if (request.content_length or 0) <= MEGABYTES * 1024 * 1024:
            return None
        request.get_data(cache=False)  # who is answered while still sending sees a broken connection, no answer
        fact = gettext("Cases are told up to %(limit)s MB; attach what is larger as a file.", limit=MEGABYTES)
        return errors.answer(413, fact)

    blueprint.before_request(refuse_large)
