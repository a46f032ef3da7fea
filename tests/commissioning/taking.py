"""A process of its own that takes serial numbers: python -m tests.commissioning.taking FILE NAME N.

It prints what it got, a block a line.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.commissioning.conftest import PRODUCT, open_ledger
from traceability.commissioning.serials import allocate
from traceability.errors import DatabaseBusy


def main(file: str, name: str, count: str) -> None:
    """Take so many blocks, each of another size."""
    ledger = open_ledger(Path(file))
    taken = 0
    while taken < int(count):
        try:
            block = allocate(ledger, PRODUCT, 3 + taken % 5, holder=name, by="test")
        except DatabaseBusy:
            continue
        taken += 1
        sys.stdout.write(f"{block.first} {block.last} {block.holder}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
