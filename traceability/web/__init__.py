"""The pages: a Flask app around one ledger.

>>> create_app.__name__
'create_app'
"""

from __future__ import annotations

import os

from flask import Flask, redirect, url_for
from flask_babel import Babel
from jinja2 import StrictUndefined
from werkzeug.wrappers import Response as BaseResponse

from traceability.assets import folder
from traceability.database import DEFAULT_URL
from traceability.web.reading import Reading
from traceability.web.settings import Settings, kept_secret, secret_path

BODY_BYTES_MAX = 16 * 1024 * 1024
"""The largest request; a capture of 1,000 events with 20 identifiers each is a tenth of it."""


def create_app(
    database_url: str | None = None,
    *,
    settings: Settings | None = None,
    reading: Reading | None = None,
) -> Flask:
    """Make the app around the ledger behind ``database_url``.

    Args:
        database_url: A SQLAlchemy URL; default `HANGTAG_DB`, else a SQLite file in ``./var/``.
        settings: Secrets, languages, clock; default: the machine's clock, and the secret that is
            kept beside the database (a fresh one if the ledger is given).
        reading: A ledger that is open already (tests, and a server that owns it).

    Raises:
        Refused: If the database cannot be opened.
    """
    from traceability.catalogue import compile_catalogues, shipped
    from traceability.web import access, layout, live, trouble, words
    from traceability.web.compiled import CompiledTemplates
    from traceability.web.opening import open_reading

    database_url = database_url or os.environ.get("HANGTAG_DB") or DEFAULT_URL
    if settings is None and reading is None:
        settings = Settings(secret=kept_secret(secret_path(database_url)))
    settings = settings or Settings()
    app = Flask(__name__, template_folder=folder("templates"), static_folder=folder("static"))
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # of Flask's default provider
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.bytecode_cache = CompiledTemplates()
    app.extensions["hangtag.settings"] = settings
    app.extensions["hangtag.clock"] = settings.clock
    app.extensions["hangtag.reading"] = reading or open_reading(database_url)
    compile_catalogues(shipped())
    Babel(
        app,
        locale_selector=layout.language,
        default_translation_directories=settings.translations or str(shipped()),
    )
    words.add_filters(app)
    access.guard(app)
    trouble.add_trouble(app)
    app.extensions["hangtag.live"] = live.Live(app.extensions["hangtag.reading"])
    layout.add_pages(app)
    layout.add_frame(app)
    _add_small_routes(app)
    return app


def _add_small_routes(app: Flask) -> None:
    from traceability.web import disk
    from traceability.web.access import open_to_all
    from traceability.web.reading import current

    @app.get("/healthz")
    @open_to_all
    def healthz() -> tuple[dict[str, object], int]:
        """Say whether the server can read its ledger and append to it; 503 with why if not."""
        ledger = current().ledger
        said: dict[str, object] = {"size": ledger.size}
        if budget := disk.status():
            said["disk"] = budget
        if problem := ledger.problem:
            return {"ok": False, **said, "problem": problem}, 503
        return {"ok": True, **said}, 200

    if not any(rule.rule == "/" for rule in app.url_map.iter_rules()):

        @app.get("/")
        def first() -> BaseResponse:
            """Lead to the first page of the menu."""
            menu = app.extensions["hangtag.menu"]
            return redirect(url_for(menu[0].endpoint if menu else "menu"))
