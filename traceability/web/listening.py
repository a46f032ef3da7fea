"""Where a server listens: a bound socket, and how the lines that come in are kept."""

from __future__ import annotations

import logging
import socket
from typing import Literal

import uvicorn

from traceability.errors import Refused
from traceability.web.doors import Asgi

PORTS_TRIED = 20
BACKLOG = 256
GRACE_S = 1
"""Seconds that open streams get at the end; Ctrl-C must stop within three."""


def listen(host: str, port: int) -> socket.socket:
    """Bind to a port, or to the next free one of twenty; 0 takes any.

    Raises:
        Refused: If the host is not one of this PC's, or no port of the twenty is free.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    last: OSError | None = None
    for wanted in range(port, port + (PORTS_TRIED if port else 1)):
        if wanted > 65_535:
            break
        bound = socket.socket(family, socket.SOCK_STREAM)
        # A server that died a moment ago must not cost its successor the port.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((host, wanted))
            bound.listen(BACKLOG)
        except OSError as error:
            bound.close()
            last = error
            continue
        return bound
    reason = last.strerror if last is not None else "the port is not between 0 and 65535"
    raise Refused(
        f"Cannot listen on {host}, ports {port} to {port + PORTS_TRIED - 1}: {reason}. "
        "Choose another one with --port."
    )


def server_config(
    app: Asgi,
    certificate: str | None,
    key: str | None,
    *,
    lifespan: Literal["on", "off"],
) -> uvicorn.Config:
    """Return how one listener behaves: what it answers with, and its limits.

    Args:
        app: What answers.
        certificate: PEM file for TLS, with its key in ``key``.
        key: PEM file of the private key.
        lifespan: On for the one listener that begins and ends the app's own work.
    """
    config = uvicorn.Config(
        app,
        lifespan=lifespan,
        log_level="warning",
        access_log=False,  # addresses may carry a token or an order link
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE_S,
        h11_max_incomplete_event_size=64 * 1024,
        proxy_headers=False,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        ws="none",
    )
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    return config


def _is_news(record: logging.LogRecord) -> bool:
    """Keep quiet about pages that were still open when the server ended: they come again."""
    return not record.getMessage().startswith("Cancel ")
