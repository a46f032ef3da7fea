"""Feed every listed protocol bytes that nobody meant, until the time is over or a law breaks.

    python -m tests.fuzz --seconds 60
    python -m tests.fuzz --protocol r2000_a0 --seed 7
    python -m tests.fuzz --protocol r2000_a0 --again 0a00a0037f

Where atheris is installed it steers by what the codecs do with the bytes; else frames of the
golden tables and of the vectors are cut, joined and damaged by chance. A failure prints the line
that feeds the same bytes again.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from readers.protocol import ProtocolEntry
from readers.registry import PROTOCOLS, protocol
from tests.fuzz.laws import obey
from tests.fuzz.mutation import mutated, seeds

SECONDS = 60


def main(words: list[str] | None = None) -> int:
    """Return 0 if every law held."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="in all")
    parser.add_argument("--protocol", choices=list(PROTOCOLS), help="one alone")
    parser.add_argument("--seed", type=int, default=None, help="chance; said at the beginning")
    parser.add_argument("--engine", choices=["atheris", "own"], default=None)
    parser.add_argument("--again", metavar="HEX", help="feed these bytes once")
    asked = parser.parse_args(words)
    entries = [protocol(asked.protocol)] if asked.protocol else list(PROTOCOLS.values())
    if asked.again is not None:
        return 0 if all(_holds(entry, bytes.fromhex(asked.again)) for entry in entries) else 1
    seed = asked.seed if asked.seed is not None else random.SystemRandom().randrange(1 << 31)
    engine = asked.engine or ("atheris" if find_spec("atheris") else "own")
    print(
        f"{len(entries)} protocols, {asked.seconds:g} s, engine {engine}, seed {seed}", flush=True
    )
    run = _steered if engine == "atheris" else by_chance
    return 0 if run(entries, asked.seconds, seed) else 1


def by_chance(
    entries: list[ProtocolEntry],
    seconds: float,
    seed: int,
    *,
    tries_max: int = sys.maxsize,
    say: Callable[[str], None] = print,
) -> bool:
    """Mutate frames by chance, each protocol for its share of the time."""
    is_well = True
    for entry in entries:
        chance = random.Random(f"{entry.name} {seed}")
        known = seeds(entry.name)
        ends_at = time.monotonic() + seconds / len(entries)
        tries = 0
        while time.monotonic() < ends_at and tries < tries_max:
            tries += 1
            if not _holds(entry, mutated(known, chance), say):
                is_well = False
                break
        say(f"{entry.name:18} {tries:>9,} tries from {len(known)} frames")
    return is_well


def _holds(entry: ProtocolEntry, data: bytes, say: Callable[[str], None] = print) -> bool:
    try:
        obey(entry, data)
    except Exception as error:  # noqa: BLE001  # anything a codec raises is looked for here
        say(f"{entry.name}: {error!r}")
        say(f"again: python -m tests.fuzz --protocol {entry.name} --again {data.hex()}")
        return False
    return True


def _steered(entries: list[ProtocolEntry], seconds: float, seed: int) -> bool:
    """Let atheris look for bytes that reach new lines; it ends the process itself."""
    # `Any`: atheris is not among what the project installs, so nothing is known of its types.
    atheris: Any = import_module("atheris")
    atheris.instrument_all()
    folder = Path(tempfile.mkdtemp(prefix="hangtag-fuzz-"))
    for number, entry in enumerate(entries):
        for at, frame in enumerate(seeds(entry.name)):
            (folder / f"{entry.name}-{at}").write_bytes(bytes((number, 7, 1)) + frame)

    def one(data: bytes) -> None:
        if data:
            entry = entries[data[0] % len(entries)]
            if not _holds(entry, data[1:]):
                obey(entry, data[1:])

    flags = [f"-max_total_time={int(seconds)}", f"-seed={seed or 1}", "-max_len=4096"]
    atheris.Setup([sys.argv[0], *flags, "-print_final_stats=1", str(folder)], one)
    atheris.Fuzz()
    return True


if __name__ == "__main__":
    sys.exit(main())
