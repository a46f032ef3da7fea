"""The doors of the house: by which one a request came in decides what it may ask.

A server has up to three. The first is for this PC alone. The second, with a certificate, is for the
other devices of the network. The third is plain: whoever stands there is told how to trust the
certificate, and who cannot, scans without a camera. What goes through it can be read on the way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from enum import StrEnum
from typing import Any

from flask import current_app, request

from traceability.factory.neighbours import is_near
from traceability.web.settings import Settings

Scope = MutableMapping[str, Any]  # ASGI's own open dictionaries
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

MARK = "hangtag.door"
"""Member of an ASGI scope that names the door; no header can set it."""


class Door(StrEnum):
    """A listener of the server."""

    HERE = "here"
    """Only this PC reaches it."""
    SAFE = "safe"
    """Others reach it, by TLS or by what the operator arranged."""
    PLAIN = "plain"
    """Others reach it, and whoever sits in between reads along."""


def door() -> Door:
    """Return the door by which this request came."""
    scope = request.environ.get("asgi.scope")
    mark = scope.get(MARK) if scope is not None else None
    if mark is not None:
        return Door(mark)
    settings: Settings = current_app.extensions["hangtag.settings"]
    return Door.HERE if settings.listens_on_loopback else Door.SAFE


def through(app: Asgi, which: Door) -> Asgi:
    """Mark every request that comes through a door; turn away whoever is not of this network.

    A port that a router forwards, or a PC that stands on the internet itself, so opens nothing.
    """

    async def passed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            peer = (scope.get("client") or ("", 0))[0]
            if which is not Door.HERE and not is_near(peer):
                await _turn_away(send)
                return
            scope[MARK] = which.value
        await app(scope, receive, send)

    return passed


async def _turn_away(send: Send) -> None:
    body = b"Hangtag answers the devices of its own network only.\n"
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
