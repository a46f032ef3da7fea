"""Where labels are printed: the sheet of a run, its files, and the page of one thing's label."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import url_for

from traceability.flow import Kind
from traceability.labels.codes import WrongCode, parse_code
from traceability.labels.run import Run
from traceability.web.papers import Choice

__all__ = ["PRINTS", "label_address", "sheet_address"]

PRINTS = "labels.show_one"
"""The page of one label; who may not open it is not offered it."""


def sheet_address(run: Run, chosen: Choice, endpoint: str = "labels.show_print") -> str:
    """Return the address of a run on its paper; the sheet opens its print dialog by itself.

    Args:
        run: What is printed.
        chosen: On which paper, from which label on.
        endpoint: The sheet, or one of its files.
    """
    given = {**run.query(), "paper": chosen.paper.name, "start": str(chosen.start)}
    dialog = "#print" if endpoint == "labels.show_print" else ""
    return f"{url_for(endpoint)}?{urlencode(given, safe=':,')}{dialog}"


def label_address(key: str, kind: Kind | None) -> str:
    """Return the page of one thing's label; empty for what carries none of ours.

    Args:
        key: Key of the thing.
        kind: What it is by the flow.
    """
    if kind is None or kind.form == "holding":
        return ""
    if key.startswith("//"):
        code = key.rsplit("/", 1)[-1]
        is_measured = kind.form == "lot" and bool(kind.unit)
        return _one(key) if is_measured or _is_code(code) else ""
    return _one(key) if key.startswith("/00/") or "/21/" in key or "/10/" in key else ""


def _one(key: str) -> str:
    return f"{url_for(PRINTS)}?{urlencode({'of': key}, safe='/')}"


def _is_code(code: str) -> bool:
    try:
        parse_code(code)
    except WrongCode:
        return False
    return True
