"""Sentences in the page's language: every word that people see goes through here.

Templates use `_` and `ngettext` of the same names.
"""

from __future__ import annotations

import flask_babel
from flask_babel import LazyString, lazy_gettext
from markupsafe import Markup

__all__ = ["LazyString", "gettext", "lazy_gettext", "ngettext"]


def gettext(text: str, /, **values: object) -> str:
    """Translate a sentence; ``%(name)s`` in it is filled from the values.

    Values that are Markup stay so: give `bold(name)` for the thing of the sentence.
    """
    if any(isinstance(value, Markup) for value in values.values()):
        return Markup(flask_babel.gettext(text)) % values  # noqa: S704 - our own sentence
    return str(flask_babel.gettext(text, **values))


def ngettext(one: str, many: str, num: int, /, **values: object) -> str:
    """Translate a sentence whose form depends on a number: ``%(num)s`` is that number."""
    return str(flask_babel.ngettext(one, many, num, **values))
