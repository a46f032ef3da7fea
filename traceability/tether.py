"""A line to the program that started this one: when that one is gone, this one stops too.

Without it a demo that is killed leaves a server and six stations running behind it. The line is the
standard input: it ends when the last holder of its other end does, however that one died.
"""

from __future__ import annotations

import os
import signal
import threading
import time

GOODBYE_S = 2.0
"""Time to end well; a program that does not hear is ended."""
SETTING = "HANGTAG_TETHER"
"""Set to ``stdin`` by a program that starts this one and means to outlive it."""


def hold() -> None:
    """Watch the line, if there is one, and end this program as Ctrl-C would when it breaks."""
    if os.environ.get(SETTING) == "stdin":
        threading.Thread(target=_watch, name="tether", daemon=True).start()


def _watch() -> None:
    # Not by the file object: its lock would be held while the interpreter ends, which aborts it.
    while os.read(0, 64):
        pass
    signal.raise_signal(signal.SIGTERM)
    time.sleep(GOODBYE_S)
    os._exit(1)
