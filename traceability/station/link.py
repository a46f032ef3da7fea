"""One line to the server, kept open between requests.

Each thread of a station has its own; nothing here is shared.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from decimal import Decimal
from urllib.parse import urlsplit

from traceability.errors import Offline

ANSWER_MAX = 64 * 1024 * 1024


class Link:
    """Speaks HTTP to one server. Owned by one thread."""

    def __init__(self, url: str, *, token: str | None = None, timeout_s: float = 10.0) -> None:
        """Set up; nothing is sent yet.

        Args:
            url: `http://host:port` or `https://…`, with a path before all others if it has one.
            token: Sent as bearer token with every request.
            timeout_s: Silence after which the server counts as gone.

        Raises:
            ValueError: If the URL is none of http or https.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"Cannot use {url!r} as a server: expected http://… or https://….")
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._path = parts.path.rstrip("/")
        self._timeout_s = timeout_s
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._connection: http.client.HTTPConnection | None = None

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        more: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes, dict[str, str]]:
        """Send one request; give status, body and headers of the answer.

        Args:
            method: GET, POST.
            path: Below the server's address.
            body: JSON.
            more: Further headers.

        Raises:
            Offline: If no whole answer came. Whether the server acted on it is not known.
        """
        # A second clock, in case that nobody believes the server's.
        said = {"X-Hangtag-Clock": str(time.time_ns() // 1_000_000)}
        headers = {**self._headers, **said, **(more or {})}
        if body is not None:
            headers["Content-Type"] = "application/json"
        is_reused = self._connection is not None
        try:
            try:
                return self._ask(method, path, body, headers)
            except (ConnectionError, http.client.HTTPException):
                # A server hangs up on a line that was idle; that is no failure. Whatever a
                # station sends may be sent twice, so it is simply sent again on a new line.
                if not is_reused:
                    raise
                self.close()
                return self._ask(method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Offline(
                f"No answer from {self._host}:{self._port or ''} to {method} {path}: {error}."
            ) from error

    def _ask(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes, dict[str, str]]:
        if self._connection is None:
            kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
            self._connection = kind(self._host, self._port, timeout=self._timeout_s)
        self._connection.request(method, self._path + path, body=body, headers=headers)
        answer = self._connection.getresponse()
        if (answer.length or 0) > ANSWER_MAX:
            raise http.client.HTTPException(f"the answer has {answer.length} bytes")
        # Without a limit, because only then a body that breaks off is an error.
        data = answer.read()
        if answer.will_close:
            self.close()
        return answer.status, data, {name.lower(): value for name, value in answer.getheaders()}

    def close(self) -> None:
        """Hang up; the next request connects again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def read_json(data: bytes) -> object:
    """Read an answer's JSON with exact numbers.

    Raises:
        Offline: If it is none: something between us and the server answered in its place.
    """
    try:
        return json.loads(data, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise Offline(f"The answer is no JSON but begins with {data[:40]!r}.") from error
