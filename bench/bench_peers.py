"""Codecs against libraries of others for the same protocol: CPU time a read on the same bytes.

    python -m bench.bench_peers

A library is measured if it is installed (`pip install --no-deps sllurp`; nothing of ours needs it)
and named if it is not. Others of this kind want a newer Python than ours: rfid-r200 3.12,
banana-fonkan 3.13, chainway-serial 3.14.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from typing import Any

from bench.bench_codecs import READS, best_s, chunks_of, codec_run, llrp_stream
from bench.told import tell
from readers.protocols.llrp.codec import LlrpReplyCodec

HOLD_RATIO = 3.0
"""So many times as fast as a peer a codec must be."""
PEER_READS = 2_000


def sllurp_run(data: bytes) -> Callable[[], int]:
    """Return a run of sllurp's decoder over messages that are cut for it already.

    Raises:
        ImportError: If it is not installed.
    """
    message: Any = importlib.import_module("sllurp.llrp").LLRPMessage  # Any: it has no types
    messages, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at + 2 : at + 6], "big")
        messages.append(data[at : at + size])
        at += size

    def run() -> int:
        reports = (message(msgbytes=each).msgdict["RO_ACCESS_REPORT"] for each in messages)
        return sum(len(each["TagReportData"]) for each in reports)

    return run


def measure() -> list[dict[str, object]]:
    """Measure each peer that is installed; one that is not has no figures."""
    rows: list[dict[str, object]] = []
    for tags_a_report in (1, 20):
        name = f"llrp against sllurp, {tags_a_report} a report"
        try:
            peer = sllurp_run(llrp_stream(PEER_READS, tags_a_report))
        except ImportError:
            rows.append({"bench": name, "missing": "sllurp"})
            continue
        begun = time.process_time()
        found = peer()
        peer_us = (time.process_time() - begun) / PEER_READS * 1e6
        assert found == PEER_READS, f"{found} reads of {PEER_READS}"
        chunks = chunks_of(llrp_stream(READS, tags_a_report))
        own_us = best_s(codec_run(LlrpReplyCodec, chunks)) / READS * 1e6
        rows.append(
            {
                "bench": name,
                "us_a_read": round(own_us, 2),
                "peer_us_a_read": round(peer_us, 2),
                "ratio_to_peer": round(peer_us / own_us, 1),
                "hold_ratio": HOLD_RATIO,
            }
        )
    return rows


def main() -> None:
    """Print one line a peer."""
    for one in measure():
        tell(one)


if __name__ == "__main__":
    main()
