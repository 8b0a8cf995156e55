"""Addresses that keep the filters of the page they stand on."""

from __future__ import annotations

from typing import Any

from flask import Flask, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.routing import IntegerConverter, Map


def here(**changes: Any) -> str:
    """This will return the address of this page with some of its query changed; None takes a name away."""
    args: MultiDict[str, Any] = MultiDict(request.args)
    for name, value in changes.items():
        if value is None:
            args.poplist(name)
        else:
            args[name] = value
    return url_for(request.endpoint or "", **{**(request.view_args or {}), **args.to_dict()})


def safe(address: str | None, home: str) -> str:
    """This will return `address` when it leads to a page of ours, else `home`: nobody is lured elsewhere."""
    if not address or not address.startswith("/") or address.startswith("//") or "\\" in address:
        return home
    return home if any(ord(letter) < 33 for letter in address) else address


class RowNumber(IntegerConverter):
    """A number of a row, as databases count them: a larger one leads nowhere, instead of failing in the database."""

    def __init__(self, map: Map, max: int = 2**31 - 1, **options: Any) -> None:
        """This will take numbers from 0 to `max`."""
        super().__init__(map, max=max, **options)


def register(app: Flask) -> None:
    """This will let the templates make such addresses, and keep numbers in addresses small enough."""
    app.url_map.converters["int"] = RowNumber
    app.jinja_env.globals["here"] = here
