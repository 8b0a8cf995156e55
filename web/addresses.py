"""Addresses that keep the filters of the page they stand on."""

from __future__ import annotations

from typing import Any

from flask import Flask, request, url_for
from werkzeug.datastructures import MultiDict


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


def register(app: Flask) -> None:
    """This will let the templates make such addresses."""
    app.jinja_env.globals["here"] = here
