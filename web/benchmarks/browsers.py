"""A browser of a soak: keeps its connection, its cookies and the token of the last page, and times every request."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')
SECONDS = 30.0  # that an answer may take
REDIRECTED = range(300, 400)
DONE = range(200, 300)


class Unanswered(Exception):
    """A request got no answer, or another one than it should; the message says which."""


class Browser:
    """Somebody before a page. How long each answer took stands in `taken`, by kind of request, in seconds."""

    def __init__(self, host: str, port: int) -> None:
        """This will open pages at `host` and `port`; nothing is connected yet."""
        self.connection = HTTPConnection(host, port, timeout=SECONDS)
        self.cookies: dict[str, str] = {}
        self.headers: dict[str, str] = {}
        self.token = ""
        self.taken: dict[str, list[float]] = {}

    def sign_in(self, login: str, password: str) -> None:
        """This will sign in as a person does, in a session of its own. Raises Unanswered."""
        self.cookies.clear()
        self.open("sign-in", "/sign-in")
        form = {"csrf_token": self.token, "login": login, "password": password}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        self._ask("sign-in", "POST", "/sign-in", REDIRECTED, urlencode(form).encode(), headers)

    def use_token(self, token: str) -> None:
        """This will ask in the name of an API token, as a program does, from now on."""
        self.headers = {"Authorization": f"Bearer {token}"}

    def open(self, kind: str, path: str) -> str:
        """This will return the page at `path`. Raises Unanswered."""
        page = self._ask(kind, "GET", path, DONE)
        found = TOKEN.search(page)
        self.token = found[1] if found else self.token
        return page

    def send(self, kind: str, path: str, content: Mapping[str, Any], **more: str) -> Any:
        """This will send what a form holds, as the page's script does, and return the answer. Raises Unanswered."""
        headers = {"Content-Type": "application/json", "Accept": "application/json", "X-CSRFToken": self.token, **more}
        return json.loads(self._ask(kind, "POST", path, DONE, json.dumps(content).encode(), headers))

    def close(self) -> None:
        """This will close the connection."""
        self.connection.close()

    def _ask(
        self,
        kind: str,
        method: str,
        path: str,
        expected: range,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> str:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {**self.headers, **(headers or {}), "Cookie": cookies}
        began = time.perf_counter()
        try:
            self.connection.request(method, path, body, sent)
            answer = self.connection.getresponse()
            content = answer.read().decode("utf-8")
        except (OSError, HTTPException) as error:
            self.connection.close()  # it is opened again by the next request
            raise Unanswered(f"{method} {path}: {error!r}") from error
        self.taken.setdefault(kind, []).append(time.perf_counter() - began)
        for line in answer.headers.get_all("Set-Cookie", []):
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        if answer.status not in expected:
            raise Unanswered(f"{method} {path}: {answer.status}")
        return content
