"""The front door of the server: it keeps the live viewers, and passes the rest to Flask.

A viewer is a coroutine, never a thread; Flask works in a small pool of threads behind the door.

>>> Door.__name__
'Door'
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from a2wsgi import WSGIMiddleware
from flask import Flask

from traceability.web.access import role
from traceability.web.background import Background
from traceability.web.live import VIEWERS_MAX, Gate, Live
from traceability.web.reading import Move

Scope = MutableMapping[str, Any]  # ASGI's own open dictionaries
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BEAT_S = 10.0
"""Longest silence on a stream. Below 15 s, after which a page must say that it is not live."""
THREADS = 16
RETRY_MS = 2_000


class Door:
    """ASGI application: `/live` here, the rest in Flask."""

    def __init__(self, app: Flask, *, threads: int = THREADS, beat_s: float = BEAT_S) -> None:
        self._app = app
        self._hub: Live = app.extensions["hangtag.live"]
        self._work: Background | None = app.extensions.get("hangtag.background")
        self._beat_s = beat_s
        self._pages = WSGIMiddleware(
            app.wsgi_app,  # type: ignore[arg-type]  # the same protocol under two names
            workers=threads,
            send_queue_size=16,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http" and scope["path"] == "/live":
            await self._live(scope, receive, send)
        elif scope["type"] == "http":
            await self._pages(scope, receive, send)  # type: ignore[arg-type]  # its own TypedDicts
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._hub.start()
                if self._work is not None:
                    self._work.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                if self._work is not None:
                    self._work.stop()
                self._hub.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "GET":
            await _refuse(send, 405, "Use GET: the live stream only tells.")
            return
        if not self._may_watch(scope):
            await _refuse(send, 401, "Open the link that the server printed when it started.")
            return
        if self._hub.viewer_count >= VIEWERS_MAX:
            await _refuse(send, 503, f"{VIEWERS_MAX} pages are live already: close one.")
            return
        try:
            after = _after(scope)
        except ValueError as error:
            await _refuse(send, 400, str(error))
            return
        await self._stream(scope, after, receive, send)

    def _may_watch(self, scope: Scope) -> bool:
        """Ask the app's own rule, with the request's head alone."""
        host, port = scope.get("server") or ("127.0.0.1", 80)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/live",
            "QUERY_STRING": scope.get("query_string", b"").decode("latin-1"),
            "SERVER_NAME": host,
            "SERVER_PORT": str(port),
            "REMOTE_ADDR": (scope.get("client") or ("", 0))[0],
            "wsgi.url_scheme": scope.get("scheme", "http"),
            "wsgi.input": None,
            "asgi.scope": scope,
        }
        for name, value in scope["headers"]:
            key = "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
            environ[key] = value.decode("latin-1")
        with self._app.request_context(environ):
            return role() is not None

    async def _stream(self, scope: Scope, after: int | None, receive: Receive, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", b"text/event-stream; charset=utf-8"),
                    (b"cache-control", b"no-store"),
                    (b"x-accel-buffering", b"no"),
                    (b"x-content-type-options", b"nosniff"),
                ],
            }
        )
        telling = asyncio.ensure_future(self._tell(scope, after, send))
        leaving = asyncio.ensure_future(_gone(receive))
        _done, rest = await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        if telling.done() and not telling.cancelled() and telling.exception() is None:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _tell(self, scope: Scope, after: int | None, send: Send) -> None:
        await _write(send, f"retry: {RETRY_MS}\n\n")
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        async for news in self._hub.watch(after, beat_s=self._beat_s):
            if loop.time() - asked_at >= self._beat_s:
                # A key that was ended meanwhile must not go on hearing.
                if not await asyncio.to_thread(self._may_watch, scope):
                    return
                asked_at = loop.time()
            await _write(send, _frame(news))


def _frame(news: Move | Gate | None) -> str:
    if news is None:
        return "event: beat\ndata: {}\n\n"
    if isinstance(news, Gate):
        tree = {"station": news.station, **news.state}
        return f"event: gate\ndata: {json.dumps(tree, ensure_ascii=False)}\n\n"
    return f"id: {news.position}\ndata: {json.dumps(news.tree(), ensure_ascii=False)}\n\n"


def _after(scope: Scope) -> int | None:
    """Return the last position the viewer knows; the header of a resumed stream wins."""
    given = dict(scope["headers"]).get(b"last-event-id", b"").decode("latin-1").strip()
    if not given:
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        given = query.get("after", [""])[0]
    if not given:
        return None
    try:
        after = int(given)
    except ValueError:
        after = -2
    if after < -1:
        raise ValueError(f"Cannot resume after {given[:40]!r}: expected a ledger position.")
    return after


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _refuse(send: Send, status: int, detail: str) -> None:
    body = json.dumps(
        {"type": "about:blank", "title": "Not live", "status": status, "detail": detail}
    ).encode()
    headers = [(b"content-type", b"application/problem+json")]
    if status == 503:
        headers.append((b"retry-after", b"5"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
