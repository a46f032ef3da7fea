"""From the port to the queue: CPU time a read, with counters and recording; many ports at once.

    python -m bench.bench_session

A process of its own plays the readers: it writes tag frames to pseudo terminals, so that the bytes
take the way of a real port. CPU time is that of this process, all threads. What was sent and what
came out of the queues is compared: *lost* must be 0. The yardstick of the same run is a loop that
only waits for the same port, reads it and counts the frames by their head.
"""

from __future__ import annotations

import gzip
import os
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.bench_codecs import CHUNK_SIZE, r2000_stream
from bench.told import tell
from readers.reads import Received
from readers.recordings.tape import Tape
from readers.recordings.tapes import Tapes
from readers.session import Session

PROTOCOL = "r2000_a0"
HOLD_US = 15.0
"""CPU time a read from the port to the queue, recorded."""
HOLD_SHARE = 0.40
"""Of one core, for 16 ports of 1,500 reads a second."""
HEAD = b"\xa0\x13\x01\x8b"
PLAYER = """
import os, sys, time
ports = [int(each) for each in sys.argv[1].split(",")]
rate, seconds, tick_s = float(sys.argv[2]), float(sys.argv[3]), 0.002
frames = sys.stdin.buffer.read()
size, left = 21, [b""] * len(ports)
for port in ports:
    os.set_blocking(port, False)
begun, sent, total = time.monotonic(), 0, int(rate * seconds)
def push(number):
    try:
        os.read(ports[number], 4096)
    except BlockingIOError:
        pass
    try:
        left[number] = left[number][os.write(ports[number], left[number]):]
    except BlockingIOError:
        pass
while sent < total or any(left):
    due = min(total, int((time.monotonic() - begun) * rate)) if rate < 1e6 else total
    piece = b"".join(frames[each % 20000 * size:][:size] for each in range(sent, due))
    sent = due
    for number in range(len(ports)):
        left[number] += piece
        push(number)
    time.sleep(tick_s)
print(sent * len(ports), flush=True)
sys.stdin.close()
time.sleep(600)
"""


def frames() -> bytes:
    """Make 20,000 tag frames without the ends of rounds: nothing is asked again between them."""
    return b"".join(HEAD + each[:17] for each in r2000_stream(20_000).split(HEAD)[1:])


class Player:
    """A process that writes tag frames to so many pseudo terminals."""

    def __init__(self, ports: int, rate: float, seconds: float) -> None:
        import tty  # not on Windows, where there are no pseudo terminals

        pairs = [os.openpty() for _ in range(ports)]
        self.urls = []
        self._open = [each for pair in pairs for each in pair]
        for _, terminal in pairs:
            tty.setraw(terminal)
            self.urls.append(os.ttyname(terminal))
        hosts = [host for host, _ in pairs]
        self._process = subprocess.Popen(
            [sys.executable, "-c", PLAYER, ",".join(map(str, hosts)), str(rate), str(seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=hosts,
        )

    def begin(self) -> None:
        """Let it write; it begins when it has all frames."""
        assert self._process.stdin is not None
        self._process.stdin.write(frames())
        self._process.stdin.close()

    def sent(self) -> int:
        """Wait until all is written; return how many reads that were."""
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it and close the terminals."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        for each in self._open:
            os.close(each)


@dataclass(frozen=True, slots=True)
class Heard:
    """One run."""

    sent: int
    heard: int
    """Reads that came out of the queues."""
    cpu_s: float
    wall_s: float
    chunks: int
    """Pieces in which the ports gave them."""

    @property
    def us_a_read(self) -> float:
        """CPU time a read, in microseconds."""
        return self.cpu_s / max(1, self.heard) * 1e6


def listen(ports: int, rate: float, seconds: float, folder: Path | None) -> Heard:
    """Hear ports with sessions, as a station does: a thread each, one that takes from all."""
    player = Player(ports, rate, seconds)
    tapes = Tapes(folder) if folder is not None else None
    ready = threading.Event()
    chunks = [0]

    def counted(name: str) -> Callable[[datetime, str, bytes], None] | None:
        tape = tapes.tape(name, PROTOCOL) if tapes is not None else None

        def on_bytes(at: datetime, direction: str, data: bytes) -> None:
            chunks[0] += direction == "in"
            if tape is not None:
                tape(at, direction, data)

        return on_bytes

    sessions = [
        Session(f"port-{number}", PROTOCOL, url, on_bytes=counted(f"port-{number}"),
                on_ready=ready.set, queue_max=1_000_000)
        for number, url in enumerate(player.urls)
    ]  # fmt: skip
    for session in sessions:
        session.start()
    while not all(session.is_up for session in sessions):
        time.sleep(0.01)
    said: list[int] = []
    teller = threading.Thread(target=lambda: said.append(player.sent()))
    player.begin()
    teller.start()
    wall, cpu = time.monotonic(), time.process_time()
    heard, quiet_at = 0, time.monotonic()
    while not said or (heard < said[0] and time.monotonic() - quiet_at < 2.0):
        ready.wait(0.1)
        ready.clear()
        for session in sessions:
            for each in session.take():
                if isinstance(each, Received):
                    heard += each.count
                    quiet_at = time.monotonic()
    done = Heard(said[0], heard, time.process_time() - cpu, time.monotonic() - wall, chunks[0])
    for session in sessions:
        session.stop()
    if tapes is not None:
        tapes.close()
    teller.join()
    player.close()
    return done


def raw(seconds: float) -> Heard:
    """Hear one port with the least there can be: wait, read, count heads."""
    player = Player(1, 1e6, seconds)
    port = os.open(player.urls[0], os.O_RDWR | os.O_NOCTTY)
    player.begin()
    said: list[int] = []
    teller = threading.Thread(target=lambda: said.append(player.sent()))
    teller.start()
    wall, cpu = time.monotonic(), time.process_time()
    heard, chunks, rest = 0, 0, b""
    while not said or heard < said[0]:
        if select.select([port], [], [], 0.1)[0]:
            rest += os.read(port, 65536)
            heard += rest.count(HEAD)
            rest = rest[-20:].replace(HEAD, b"")
            chunks += 1
    done = Heard(said[0], heard, time.process_time() - cpu, time.monotonic() - wall, chunks)
    teller.join()
    os.close(port)
    player.close()
    return done


def recorded(folder: Path, reads_a_chunk: int, reads: int = 20_000) -> dict[str, object]:
    """Measure a tape alone: time and bytes a read."""
    data = frames()
    size = 21 * reads_a_chunk
    chunks = [data[at : at + size] for at in range(0, 21 * reads, size)]
    tape = Tape(folder, PROTOCOL)
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    begun = time.process_time()
    for number, chunk in enumerate(chunks):
        tape(at + timedelta(microseconds=670 * reads_a_chunk * number), "in", chunk)
    tape.close()
    took_s = time.process_time() - begun
    raw_bytes = b"".join(path.read_bytes() for path in folder.glob("*.jsonl"))
    return {
        "bench": f"tape, {reads_a_chunk} reads a piece",
        "us_a_read": round(took_s / reads * 1e6, 2),
        "bytes_a_read": round(len(raw_bytes) / reads, 1),
        "packed_bytes_a_read": round(len(gzip.compress(raw_bytes)) / reads, 1),
    }


def row(name: str, done: Heard, least: Heard | None = None) -> dict[str, object]:
    """Return one line of figures."""
    tree: dict[str, object] = {
        "bench": name,
        "us_a_read": round(done.us_a_read, 2),
        "share_of_a_core": round(done.cpu_s / done.wall_s, 3),
        "reads_a_piece": round(done.heard / max(1, done.chunks), 1),
        "lost": done.sent - done.heard,
    }
    if least is not None:
        tree["ratio_to_raw"] = round(least.us_a_read / done.us_a_read, 2)
    return tree


def measure(
    *, seconds: float = 5.0, ports: int = 16, rate: float = 1500.0, burst: float = 0.2
) -> list[dict[str, object]]:
    """Measure one port at full speed, then many at the pace of readers.

    Args:
        seconds: How long many ports are heard.
        ports: How many.
        rate: Reads a second of each.
        burst: Millions of reads at full speed.
    """
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        rows = [recorded(place / f"{count}", count) for count in (1, 10, CHUNK_SIZE // 21)]
        least = raw(burst)
        rows.append(row("raw: read and count heads", least))
        for name, folder in (("session", None), ("session, recorded", place / "one")):
            done = listen(1, 1e6, burst, folder)
            rows.append({**row(name, done, least), "hold_us": HOLD_US})
        slow = listen(ports, rate, seconds, place / "many")
        name = f"{ports} ports of {rate:g} reads/s, recorded"
        rows.append({**row(name, slow), "hold_us": HOLD_US, "hold_share": HOLD_SHARE})
    return rows


def main() -> None:
    """Print one line a case."""
    for one in measure():
        tell(one)


if __name__ == "__main__":
    main()
