"""The web application: the engine as pages and JSON. `create_app` is the one place where everything is put together."""

from __future__ import annotations

from importlib import import_module

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from engine import Engine, load_apps
from web.config import Settings

# What all pages share; each module shows `register`.
PARTS = (
    *("metrics", "statics", "assets", "addresses", "accounts", "security", "locale", "formatting", "navigation"),
    "errors",
)
# In the order of the navigation. A module shows `blueprint`, `navigation` when it has entries there, and in `frame`
# the queries whose answers stand on every page, by name.
PAGES = (
    "inbox",
    "narrowing",
    "bulk",
    "readings",
    "notices",
    "messages",
    "tasks",
    "assignments",
    "colleagues",
    "cases",
    "attachments",
    "supervise",
    "limits",
    "studio",
    "limit_rules",
    "versions",
    "admin",
    "calendar",
    "operations",
    "repairs",
    "retention",
    "webhooks",
    "audit",
    "absences",
    "accounts",
    "health",
    "metrics",
    "schedule",
)


def create_app(settings: Settings | None = None, engine: Engine | None = None) -> Flask:
    """This will make the application from `settings` (default: the environment) on `engine` (default: a new one)."""
    settings = settings or Settings.from_environment()
    app = Flask(__name__)
    app.config.from_mapping(settings.for_flask())
    app.extensions["settings"] = settings
    app.extensions["engine"] = engine or Engine(settings.database_url, apps=load_apps(), files=settings.files)
    app.extensions["engine"].webhook_hosts = settings.inner_hosts
    app.extensions["engine"].channels, app.extensions["engine"].home = settings.channels, settings.home
    for name in PARTS:
        import_module(f"web.{name}").register(app)
    for name in PAGES:
        page = import_module(f"web.{name}")
        app.register_blueprint(page.blueprint)
        app.extensions["navigation"].extend(getattr(page, "navigation", ()))
        app.extensions["frame"].update(getattr(page, "frame", {}))
    import_module("web.api").register(app)
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, *[settings.proxies] * 4)  # type: ignore[method-assign]
    return app
