"""A program before the API: sends its token with every request, and keeps no cookies."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from engine import SYSTEM, Engine

ROBOT = {"login": "robot", "name": "签章系统", "roles": [("external_system", "office")]}
ALL = ("read", "cases", "tasks", "jobs", "messages", "diagrams")


def address_of(rule: str) -> str:
    """This will fill the parameters of an address with values that fit, and that nothing has."""
    for pattern, value in (
        (r"<uuid:\w+>", "0190a000-0000-7000-8000-000000000000"),
        (r"<any\((\w+)[^)]*\):\w+>", r"\1"),
        (r"<(?:int:)?\w+>", "1"),
    ):
        rule = re.sub(pattern, value, rule)
    return rule


class Program:
    """Something that calls the API for a person."""

    def __init__(self, app: Flask, token: str) -> None:
        """This will sign in by `token`."""
        self.client = app.test_client(use_cookies=False)
        self.headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str) -> TestResponse:
        """This will read."""
        return self.client.get(path, headers=self.headers)

    def post(self, path: str, body: Any = None) -> TestResponse:
        """This will send JSON; no CSRF token goes with it."""
        return self.client.post(path, json={} if body is None else body, headers=self.headers)


def program(app: Flask, engine: Engine, login: str, *scopes: str, days: int = 90) -> Program:
    """This will make a token for somebody and a program that uses it."""
    _row, token = engine.create_token(login, name="server1", scopes=scopes or ALL, days=days, by=SYSTEM)
    return Program(app, token)
