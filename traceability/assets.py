"""Where the pages' templates, their static files and the shipped flows lie on this machine.

>>> folder("flows").name
'flows'
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

_PACKAGE = Path(__file__).resolve().parent


def folder(name: Literal["templates", "static", "flows"]) -> Path:
    """Find a folder of shipped files: beside the packages or, once installed, within them.

    An installed package is asked first, because a stranger's `templates` folder may lie beside it.
    """
    installed = _PACKAGE / "assets" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name
