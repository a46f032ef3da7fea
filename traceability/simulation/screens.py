"""What a worker sees when he looks up: the screens of all stations, as the server shows them.

They come over the same live stream that pages listen to. When the server is gone the screens are
dark; they light up again by themselves.
"""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import IO, Any, Final

from traceability.simulation.factory import Sight

__all__ = ["Screens"]

_SILENCE_S: Final = 25.0
"""The server beats every ten seconds; longer silence is a dead line."""
_AGAIN_S: Final = 0.3


class Screens:
    """Follows the gate states of one server. `look` may be called from any thread."""

    def __init__(self, server: str) -> None:
        """Look at a server, `http://host:port`; nothing is asked before `start`."""
        self._url = f"{server}/live"
        self._lock = threading.Lock()
        self._states: dict[str, Mapping[str, Any]] = {}  # JSON of the stations
        self._listeners: list[Callable[[Mapping[str, Any]], None]] = []
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="screens", daemon=True)

    def tell(self, listener: Callable[[Mapping[str, Any]], None]) -> None:
        """Call somebody with every state that comes, as it came; only before `start`."""
        self._listeners.append(listener)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look away; the thread ends with the next line or with the process."""
        self._is_stopping.set()

    def look(self, station: str) -> Sight | None:
        """Return what a station's screen says; None if it has said nothing yet."""
        with self._lock:
            state = self._states.get(station)
        if state is None:
            return None
        carton = state.get("carton")
        return Sight(
            state=str(state.get("state", "")),
            carton=carton.get("key") if isinstance(carton, dict) else None,
            at=datetime.fromisoformat(str(state["at"])),
        )

    def states(self) -> dict[str, Mapping[str, Any]]:
        """Return the newest state of every station, as it came."""
        with self._lock:
            return dict(self._states)

    def _follow(self) -> None:
        while not self._is_stopping.is_set():
            try:
                with urllib.request.urlopen(self._url, timeout=_SILENCE_S) as stream:  # noqa: S310
                    for state in _gates(stream):
                        with self._lock:
                            self._states[str(state["station"])] = state
                        for listener in self._listeners:
                            listener(state)
                        if self._is_stopping.is_set():
                            return
            except (OSError, ValueError, KeyError):
                # The server is being killed, or restarted, or not yet there.
                pass
            self._is_stopping.wait(_AGAIN_S)


def _gates(stream: IO[bytes]) -> Iterator[Mapping[str, Any]]:
    """Read gate states from a stream of server-sent events."""
    is_gate = False
    for raw in stream:
        line = raw.decode("utf-8").rstrip("\r\n")
        if line == "event: gate":
            is_gate = True
        elif is_gate and line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))
        elif not line:
            is_gate = False
