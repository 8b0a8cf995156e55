"""Where the built styles and scripts are: the only module that reads the front end's manifest."""

from __future__ import annotations

import json
from pathlib import Path

from flask import Flask, g, url_for

from engine import BihuanError

MANIFEST = Path(__file__).parent / "static" / "dist" / "manifest.json"


class FrontendMissing(BihuanError):
    """The front end is not built: run `make build`."""


class UnknownAsset(BihuanError):
    """The front end has no bundle named {name}."""


class Assets:
    """The manifest of the last build: logical names like `app.js` and the files that hold them."""

    def __init__(self, manifest: Path = MANIFEST) -> None:
        """This will read `manifest` at the first question and again when a build has replaced it."""
        self.manifest = manifest
        self._names: dict[str, str] = {}
        self._read_at = 0

    def url(self, name: str) -> str:
        """This will return the address of `name`; it holds the content's hash, so a browser may keep it for ever."""
        found: dict[str, str] = g.setdefault("assets", {})  # a page asks for the same icons a hundred times
        if name not in found:
            known = self.names()
            if name not in known:
                raise UnknownAsset(name=name)
            found[name] = url_for("static", filename=f"dist/{known[name]}")
        return found[name]

    def names(self) -> dict[str, str]:
        """This will return every logical name with the file that holds it, relative to `static/dist`."""
        try:
            written_at = self.manifest.stat().st_mtime_ns
        except FileNotFoundError:
            raise FrontendMissing from None
        if written_at != self._read_at:
            self._names = json.loads(self.manifest.read_text(encoding="utf-8"))
            self._read_at = written_at
        return self._names


def register(app: Flask) -> None:
    """This will give every template of `app` the function `asset('app.js')`."""
    app.jinja_env.globals["asset"] = Assets().url
