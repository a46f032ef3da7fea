"""The gate's screen after a boot: wait until the workshop answers, then give it to a browser.

    python -m traceability.workshop.screen FOLDER /gates chromium --kiosk

Where the workshop answers is in the folder's own note; after a power cut that note may be of the
day before, so it counts only when somebody answers there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

from traceability.workshop.running import RUNNING

ASK_S = 1.0


def address_of(folder: Path) -> str:
    """Return where the workshop of a folder answers now; empty if it does not."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        url = str(json.loads((folder / RUNNING).read_text("utf-8"))["url"])
        try:
            urllib.request.urlopen(f"{url}/healthz", timeout=5).close()  # noqa: S310 - our own note
        except urllib.error.HTTPError as error:
            error.close()  # it is not well, and it answers: its pages say what to do
        return url
    return ""


def main(words: list[str]) -> None:
    """Wait, then become the browser."""
    folder, page, *browser = words
    while not (url := address_of(Path(folder))):
        time.sleep(ASK_S)
    command = [*browser, url + page]
    if os.name == "posix":
        os.execvp(command[0], command)  # noqa: S606 - what was asked for
    sys.exit(subprocess.call(command))


if __name__ == "__main__":
    main(sys.argv[1:])
