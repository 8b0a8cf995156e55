"""A tiny site on loopback that serves the built bundles under the strict policy, and a Chromium that walks it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

PAGES = Path(__file__).parent / "pages"
STATIC = Path(__file__).parents[3] / "web" / "static"
POLICY = (
    "default-src 'self'; script-src 'self'; style-src {styles}; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
TOKEN = "the-token-of-this-page"
INLINE_STYLES = {"/studio.html"}


@dataclass
class Request:
    """One request that a page made."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """This will return the body as data."""
        return json.loads(self.body)


@dataclass
class Site:
    """What the pages ask and what they are answered: `(method, path) -> (status, JSON)`."""

    address: str
    token: str = TOKEN
    answers: dict[tuple[str, str], tuple[int, Any]] = field(default_factory=dict)
    seen: list[Request] = field(default_factory=list)

    def asked(self, method: str, path: str) -> list[Request]:
        """This will return the requests that came for `path`."""
        return [request for request in self.seen if (request.method, request.path) == (method, path)]


class Handler(BaseHTTPRequestHandler):
    """Serves `pages` and the built files; everything else is answered by the test."""

    site: Site

    def handle_any(self) -> None:
        """This will record the request and answer it."""
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = Request(self.command, parts.path, parse_qs(parts.query), dict(self.headers), body)
        self.site.seen.append(asked)
        prepared = self.site.answers.get((asked.method, asked.path))
        if prepared:
            status, answer = prepared
            text = answer(asked) if callable(answer) else answer
            kind = "text/html" if isinstance(text, str) and text.startswith("<p") else "application/json"
            kind = "application/xml" if isinstance(text, str) and text.startswith("<?xml") else kind
            self.send(status, kind, (text if isinstance(text, str) else json.dumps(text)).encode())
        elif parts.path.startswith("/static/"):
            self.send_file(STATIC / parts.path.removeprefix("/static/"))
        else:
            self.send_page(PAGES / parts.path.removeprefix("/"))

    do_GET = do_POST = do_PUT = handle_any

    def send_page(self, file: Path) -> None:
        """This will fill the addresses of the bundles into a page, as the template function `asset` does."""
        if file.suffix != ".html":
            self.send_file(file)
            return
        names = json.loads((STATIC / "dist" / "manifest.json").read_text(encoding="utf-8"))
        text = re.sub(
            r"{{(\w+\.(?:js|css|svg))}}", lambda m: f"/static/dist/{names[m[1]]}", file.read_text(encoding="utf-8")
        )
        self.send(200, "text/html; charset=utf-8", text.replace("[[token]]", TOKEN).encode())

    def send_file(self, file: Path) -> None:
        """This will send a built file."""
        if file.is_file():
            self.send(200, "text/javascript" if file.suffix == ".js" else guess_type(file)[0] or "", file.read_bytes())
        else:
            self.send(404, "text/plain", b"")

    def send(self, status: int, kind: str, content: bytes) -> None:
        """This will send an answer with the headers that every page of Bihuan has."""
        styles = "'self' 'unsafe-inline'" if urlsplit(self.path).path in INLINE_STYLES else "'self'"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "max-age=600" if self.path.startswith("/static/") else "no-store")
        self.send_header("Content-Security-Policy", POLICY.format(styles=styles))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """This will keep quiet."""


@pytest.fixture(scope="session")
def built_site() -> Iterator[Site]:
    """This will serve the pages as long as the tests run."""
    if not (STATIC / "dist" / "manifest.json").is_file():
        pytest.fail("the front end is not built: run make build")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Handler.site = Site(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Handler.site
    server.shutdown()
    thread.join()


@pytest.fixture
def site(built_site: Site) -> Site:
    """This will give each test a site that remembers nothing."""
    built_site.answers.clear()
    built_site.seen.clear()
    return built_site


@dataclass
class Screens:
    """One page for each kind of device, kept from test to test: a cold browser takes four times as long to show it."""

    chromium: Any
    complaints: list[str] = field(default_factory=list)
    known: dict[str, Any] = field(default_factory=dict)

    def page(self, **options: Any) -> Any:
        """This will return the page of a device; what it logs is kept as a complaint."""
        key = json.dumps(options, sort_keys=True)
        if key not in self.known or self.known[key].is_closed():
            context = self.chromium.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", **options)
            page = self.known[key] = context.new_page()
            page.on("console", self._listen)
            page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return self.known[key]

    def _listen(self, message: Any) -> None:
        # an answer of 4xx or 5xx is logged by the browser itself
        if message.type in ("error", "warning") and "the server responded with a status" not in message.text:
            self.complaints.append(message.text)

    def leave(self, page: Any, address: str) -> None:
        """This will let a page go to a plain one, which may store what was typed, and forget what it stored."""
        if not page.is_closed():
            page.goto(address)
            page.evaluate("localStorage.clear(), sessionStorage.clear()")
            page.context.clear_cookies()


@pytest.fixture(scope="session")
def screens(chromium: Any) -> Screens:
    """The devices of this process."""
    return Screens(chromium)


@pytest.fixture
def open_page(screens: Screens, site: Site) -> Iterator[Any]:
    """This will open pages that may neither log an error nor break the policy."""

    opened: list[Any] = []
    screens.complaints.clear()

    def open_page(path: str, width: int = 1440, height: int = 900, **options: Any) -> Any:
        page = screens.page(viewport={"width": width, "height": height}, **options)
        opened.append(page)
        page.goto(site.address + path)
        return page

    yield open_page
    complaints = list(screens.complaints)
    for page in opened:
        screens.leave(page, f"{site.address}/photo.svg")
    assert complaints == []
