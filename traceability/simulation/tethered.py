"""A `hangtag` command on a leash: it ends when whoever started it is gone, however that went.

A parent that is killed cannot stop its children. A station left behind would go on opening its
ports by name, and a pty's number is given to the next who asks: it would steal a stranger's reads.
So the parent holds the other end of our standard input and says nothing; its end is our end.

    python -m traceability.simulation.tethered serve --port 8000
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time
from typing import Final

_GOODBYE_S: Final = 2.0
"""Time to end well; a program that does not hear is ended."""


def _wait_for_the_end() -> None:
    sys.stdin.buffer.read()
    signal.raise_signal(signal.SIGTERM)
    time.sleep(_GOODBYE_S)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_wait_for_the_end, name="leash", daemon=True).start()
    sys.argv = ["hangtag", *sys.argv[1:]]
    runpy.run_module("app", run_name="__main__", alter_sys=True)
