"""Static files: compressed ones where there are, those with a hash in their name kept by browsers for ever."""

from __future__ import annotations

import re
from pathlib import Path
from wsgiref.headers import Headers

from flask import Flask
from whitenoise import WhiteNoise

HASHED = re.compile(r"/static/dist/.*-[0-9A-Z]{8}\.[a-z0-9.]+$")
HOUR = 3600  # seconds


def protect(headers: Headers, path: str, url: str) -> None:
    """This will set the headers that every answer of ours carries on a static file too."""
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"


def is_immutable(path: str, url: str) -> bool:
    """This will tell whether a file never changes under its name."""
    return HASHED.search(url) is not None


def register(app: Flask) -> None:
    """This will let WhiteNoise answer for the files in `static`, before Flask sees the request."""
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=Path(app.static_folder or ""),
        prefix="static/",
        max_age=HOUR,
        # files are looked up anew: a front end that is built again is served without a restart
        autorefresh=True,
        immutable_file_test=is_immutable,
        add_headers_function=protect,
        allow_all_origins=False,
    )
