"""The floor of this PC as pages know it: what they may ask of the readers and stations beside them.

Whoever starts the server puts a floor into the app's extension `hangtag.floor`; a server without
one has no readers of its own.
"""

from __future__ import annotations

from typing import Protocol, cast

from flask import current_app

from traceability.floor_values import Finding, KnownReader, PlacedReader, Plugged, PortNow, Reading

LONGEST_WAIT_S = 12.0
"""How long a request without a script waits for what it asked."""
READ_S = 10.0


class Floor(Protocol):
    """What pages ask of the floor; every method may raise `FloorRefused`."""

    @property
    def problems(self) -> dict[str, str]:
        """File name → why its station cannot be started."""
        ...

    def ports(self) -> list[PortNow]:
        """Return every port, listed or typed."""
        ...

    def unseen(self) -> list[Plugged]:
        """Return what is plugged in and has no port, the newest first."""
        ...

    def stations(self) -> list[PlacedReader]:
        """Return every placed reader and how it is."""
        ...

    def add_port(self, text: str) -> str:
        """Remember a typed port; return its name."""
        ...

    def forget_port(self, url: str) -> None:
        """Forget a typed port."""
        ...

    def find_out(self, url: str, *, wait_s: float = LONGEST_WAIT_S) -> Finding:
        """Find out what speaks on a port."""
        ...

    def finding(self, url: str) -> Finding | None:
        """Return how far finding out has come."""
        ...

    def known(self, url: str) -> KnownReader | None:
        """Return what is known of the reader on a port."""
        ...

    def read_now(
        self,
        url: str,
        protocol: str | None = None,
        baud: int | None = None,
        *,
        seconds: float = READ_S,
        wait_s: float = 0.0,
    ) -> Reading:
        """Read for a while without recording anything."""
        ...

    def reading(self, url: str) -> Reading | None:
        """Return what a look at a reader has seen so far."""
        ...

    def beep(self, url: str) -> None:
        """Let the reader on a port be heard or seen."""
        ...

    def place(
        self,
        url: str,
        *,
        stage: str,
        title: str,
        place: str | None = None,
        zone: str = "UTC",
        language: str = "en",
        protocol: str | None = None,
        baud: int | None = None,
        beside: str | None = None,
    ) -> PlacedReader:
        """Place a reader at a stage and start it at once."""
        ...

    def remove(self, reader: str) -> None:
        """Take a reader away."""
        ...

    def rename(self, station: str, title: str) -> None:
        """Give a station another title."""
        ...


def floor() -> Floor | None:
    """Return the floor of this PC; None where the server has none."""
    # `Any` of Flask: whoever starts the server puts it there.
    return cast("Floor | None", current_app.extensions.get("hangtag.floor"))
