"""A station's process that takes serial numbers until it is killed:

python -m tests.station.taking FILE

It prints each number that it got, before it takes the next one.
"""

from __future__ import annotations

import sys
from pathlib import Path

from traceability.station.serials import SerialFile

PRODUCT = "/01/09506000134352"


def main(path: str) -> None:
    """Take one number after another, as a printer does."""
    file = SerialFile(Path(path), "dock")
    while True:
        (number,) = file.take(PRODUCT)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
