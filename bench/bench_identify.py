"""Speed of identities: SGTIN-96 hex to key, and the command with its JSON lines, beside a peer.

    python -m bench.bench_identify

The raw limit of the same run turns the hex digits into a number and a number into text: what any
answer must do at least. Two mixes of tags: a factory's (1,000 products, many serials each) and one
where no product comes twice. The peer is epcpy, if it is installed, on the factory's mix.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import random
import sys
import time
from collections.abc import Callable
from typing import Any

from click.testing import CliRunner

from traceability.gs1 import identify_epc, key_of
from traceability.gs1.commands import identify
from traceability.gs1.epc_bits import encode_bits
from traceability.gs1.tag_key import key_of_hex

TAGS = 50_000
PEER_TAGS = 1_000
PRODUCTS = 1_000
MIXED_TAGS = 100_000
"""More products than the library remembers, so that each is worked out anew."""
ROUNDS = 4
HOLD_KEYS = 600_000
"""Keys a second that the library must hold (DESIGN, section 6)."""
HOLD_LINES = 80_000
"""Output lines a second that the command must hold."""
HOLD_RATIO = 12
"""Times faster than epcpy."""


def tags(count: int, products: int, seed: int) -> list[str]:
    """Make SGTIN-96 in hex with prefixes of every length."""
    chance = random.Random(seed)
    heads = []
    for _ in range(products):
        length = chance.randrange(6, 13)
        company = f"{chance.randrange(10**length):0{length}d}"
        heads.append((company, f"{chance.randrange(10 ** (13 - length)):0{13 - length}d}"))
    found = []
    for number in range(count):
        company, item = heads[number % products]
        parts = (company, item, str(chance.randrange(2**38)))
        found.append(encode_bits("SGTIN-96", 1, parts).hex().upper())
    return found


def rate(run: Callable[[], object], count: int, rounds: int = ROUNDS) -> float:
    """Return things a second of the fastest round, in CPU time: neighbours do not count."""
    best = float("inf")
    for _ in range(rounds):
        begin = time.process_time()
        run()
        best = min(best, time.process_time() - begin)
    return count / best


def each(work: Callable[[str], object], texts: list[str]) -> Callable[[], None]:
    """Call the work on every text."""

    def run() -> None:
        for text in texts:
            work(text)

    return run


def limit(text: str) -> str:
    """Do the least that any answer needs."""
    return f"{int(text, 16)}"


def peer() -> Callable[[str], object] | None:
    """Return epcpy's way from hex to a GS1 element string, which holds GTIN and serial."""
    if importlib.util.find_spec("epcpy") is None:
        return None
    # `Any`: the peer's types name neither function, and only its answer's time counts.
    library: Any = importlib.import_module("epcpy")

    def read(text: str) -> object:
        return library.hex_to_tag_encodable(text).gs1_element_string()

    return read


def command(texts: list[str]) -> Callable[[], None]:
    """Run the command on lines of standard input."""
    stdin = ("\n".join(texts) + "\n").encode()

    def run() -> None:
        result = CliRunner().invoke(identify, ["--as", "epc"], input=stdin)
        assert result.exit_code == 0

    return run


def main() -> None:
    """Print every figure with its ratio; exit 1 if one that must be held is not."""
    factory = tags(TAGS, PRODUCTS, seed=1)
    mixed = tags(MIXED_TAGS, MIXED_TAGS, seed=2)
    uris = [identify_epc(bytes.fromhex(text)).epc_uri or "" for text in factory[:20_000]]
    raw = rate(each(limit, factory), TAGS)
    keys = rate(each(key_of_hex, factory), TAGS)
    figures: dict[str, float] = {
        "raw_limit_per_s": raw,
        "keys_per_s": keys,
        "keys_to_raw_limit": keys / raw,
        "keys_new_product_each_per_s": rate(each(key_of_hex, mixed), MIXED_TAGS, rounds=2),
        "whole_identities_per_s": rate(
            each(lambda text: identify_epc(bytes.fromhex(text)), factory[:20_000]), 20_000
        ),
        "uri_to_key_new_each_per_s": rate(each(key_of.__wrapped__, uris), 20_000),
        "command_lines_per_s": rate(command(factory), TAGS, rounds=3),
        "command_lines_new_product_each_per_s": rate(command(mixed), MIXED_TAGS, rounds=2),
    }
    read = peer()
    if read is not None:
        figures["epcpy_per_s"] = rate(each(read, factory[:PEER_TAGS]), PEER_TAGS, rounds=3)
        figures["keys_to_epcpy"] = keys / figures["epcpy_per_s"]
    print(json.dumps({name: round(value, 2) for name, value in figures.items()}, indent=2))
    is_held = keys >= HOLD_KEYS and figures["command_lines_per_s"] >= HOLD_LINES
    sys.exit(0 if is_held and figures.get("keys_to_epcpy", HOLD_RATIO) >= HOLD_RATIO else 1)


if __name__ == "__main__":
    main()
