"""Speed of identities: SGTIN-96 hex to key, and the command with its JSON lines, beside a peer.

    python -m bench.bench_identify

The raw limit of the same run turns the hex digits into a number and a number into text: what any
answer must do at least. Two mixes of tags: a factory's (1,000 products, many serials each) and one
where no product comes twice. Element strings are those of hang-tags, of boxes with lot and date,
and of cartons. The peers are epcpy and pyepc for tags, biip for element strings: each reads the
same texts in the same run, to GTIN and serial or to AIs.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import random
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from click.testing import CliRunner

from traceability.gs1 import identify_epc, key_of
from traceability.gs1.check_digit import check_digit
from traceability.gs1.commands import identify
from traceability.gs1.element_string import GS, parse_message
from traceability.gs1.epc_bits import encode_bits
from traceability.gs1.many_tags import keys_of_epcs
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
HOLD_MANY = 3_000_000
"""Keys a second of the vectorised way, where numpy is there."""
HOLD_RATIOS = {"keys_to_epcpy": 12, "keys_to_pyepc": 8, "element_strings_to_biip": 10}
"""Times faster than a peer in the same run."""


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


def messages(count: int, seed: int) -> list[str]:
    """Make element strings as scanners send them."""
    chance = random.Random(seed)
    found = []
    for number in range(count):
        body = f"{chance.randrange(10**13):013d}"
        gtin = f"01{body}{check_digit(body)}"
        serial = chance.randrange(10**9)
        if number % 3 == 0:
            found.append(f"{gtin}21{serial}")
        elif number % 3 == 1:
            found.append(f"{gtin}17271231" + f"10L{serial % 997}{GS}21{serial}")
        else:
            body = f"{chance.randrange(10**17):017d}"
            found.append(f"00{body}{check_digit(body)}")
    return found


Reader = Callable[[str], object]


def peers() -> dict[str, Reader]:
    """Return the ways of those peers that are installed from a text to what it says.

    `Any`: their types name no function that is used here, and only an answer's time counts.
    """
    found: dict[str, Reader] = {}
    if importlib.util.find_spec("epcpy") is not None:
        epcpy: Any = importlib.import_module("epcpy")
        found["epcpy"] = lambda text: epcpy.hex_to_tag_encodable(text).gs1_element_string()
    if importlib.util.find_spec("pyepc") is not None:
        pyepc: Any = importlib.import_module("pyepc")

        def read(text: str) -> object:
            tag = pyepc.SGTIN.decode(text)
            return tag.gtin, tag.serial_number

        found["pyepc"] = read
    if importlib.util.find_spec("biip") is not None:
        biip: Any = importlib.import_module("biip")
        found["biip"] = biip.parse
    return found


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
    texts = messages(TAGS, seed=3)
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
        "element_strings_per_s": rate(each(parse_message, texts), TAGS),
        "command_lines_per_s": rate(command(factory), TAGS, rounds=3),
        "command_lines_new_product_each_per_s": rate(command(mixed), MIXED_TAGS, rounds=2),
    }
    if importlib.util.find_spec("numpy") is not None:
        for name, some in (("", factory * 10), ("new_product_each_", mixed)):
            data = bytes.fromhex("".join(some))
            many = rate(partial(keys_of_epcs, data), len(some))
            figures[f"many_keys_{name}per_s"] = many
    for name, read in peers().items():
        sample, ours = (texts, "element_strings") if name == "biip" else (factory, "keys")
        theirs = rate(each(read, sample[:PEER_TAGS]), PEER_TAGS, rounds=3)
        figures[f"{name}_per_s"] = theirs
        figures[f"{ours}_to_{name}"] = figures[f"{ours}_per_s"] / theirs
    print(json.dumps({name: round(value, 2) for name, value in figures.items()}, indent=2))
    holds = {
        "keys_per_s": HOLD_KEYS,
        "command_lines_per_s": HOLD_LINES,
        "many_keys_per_s": HOLD_MANY,
        **HOLD_RATIOS,
    }
    missed = [name for name, hold in holds.items() if figures.get(name, hold) < hold]
    print("held" if not missed else f"not held: {', '.join(missed)}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
