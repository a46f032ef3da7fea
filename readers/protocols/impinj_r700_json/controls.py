"""What such a reader can be told through its stream of events: nothing, which is said.

Source: PROTOCOLS.md section 10.
"""

from __future__ import annotations

from readers.control.controls import Controls
from readers.reads import ReaderError


class ImpinjR700Controls(Controls):
    """One reader; its own page sets it, and where it speaks LLRP, `llrp` does."""

    name = "An Impinj R700 heard through its event stream"

    def cannot(self, what: str) -> ReaderError:
        """Say where it can be done."""
        return ReaderError(
            f"{self.name} cannot {what}: the stream only speaks. Use the reader's own page, or"
            " connect it as llrp."
        )
