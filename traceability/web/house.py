"""What pages may ask of the program that runs a whole workshop on this PC (`hangtag start`).

A plain `hangtag serve`, a demo and tests have none; pages then say what can be done by hand.
"""

from __future__ import annotations

from typing import Protocol, cast

from flask import current_app

from traceability.factory.folder import Factory


class House(Protocol):
    """The running workshop."""

    @property
    def factory(self) -> Factory:
        """The folder in use, in practice or live."""
        ...

    @property
    def can_go_live(self) -> bool:
        """Whether this is the practice of a workshop that is not live yet."""
        ...

    def go_live(self) -> None:
        """Begin the ledger that counts; the pages come again with it a moment later."""
        ...

    def open_practice(self) -> str:
        """Run the practice ledger beside the live one; return the address that opens it."""
        ...

    def restart(self) -> None:
        """End the pages and open them again on the same port."""
        ...


def house() -> House | None:
    """Return the running workshop, None if this server is not one."""
    return cast("House | None", current_app.extensions.get("hangtag.house"))


def is_practice() -> bool:
    """Say whether what is scanned here counts for nothing."""
    found = house()
    return found is not None and found.factory.is_practice
