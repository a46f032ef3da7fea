"""Codec speed: reads a second through framing, checksum and decoding, against the raw limit.

    python -m bench.bench_codecs

The yardstick of the same run finds each frame head, cuts the frame out and sums its bytes: what
any parser in this language must do at least. Streams hold 20,000 tags of distinct EPCs in pieces
of 4 KiB. The decoded lines of `hangtag readers decode` are measured beside it.
"""

from __future__ import annotations

import io
import json
import sys
import time
from binascii import crc_hqx
from collections.abc import Callable

from readers.codec import Codec
from readers.commands import decode_lines
from readers.protocols.chafon_5357.codec import Chafon5357Codec
from readers.protocols.chafon_5357.codec import Frame as Chafon5357Frame
from readers.protocols.chafon_cf.codec import CFCodec
from readers.protocols.chafon_cf.codec import Frame as CFFrame
from readers.protocols.chafon_uhfreader.codec import Frame as UHFReaderFrame
from readers.protocols.chafon_uhfreader.codec import UHFReaderCodec
from readers.protocols.chainway.codec import ChainwayCodec
from readers.protocols.chainway.codec import Frame as ChainwayFrame
from readers.protocols.fonkan_ascii.codec import FonkanCodec
from readers.protocols.fonkan_ascii.codec import Frame as FonkanFrame
from readers.protocols.llrp.codec import LlrpReplyCodec
from readers.protocols.llrp.codec import Message as LlrpMessage
from readers.protocols.llrp.structure import Parameter
from readers.protocols.nordicid_nur.codec import Frame as NurFrame
from readers.protocols.nordicid_nur.codec import NurCodec
from readers.protocols.r200_bb7e.codec import Frame as R200Frame
from readers.protocols.r200_bb7e.codec import R200Codec
from readers.protocols.r2000_a0.codec import Frame as R2000Frame
from readers.protocols.r2000_a0.codec import R2000Codec
from readers.protocols.thingmagic.codec import Frame as ThingMagicFrame
from readers.protocols.thingmagic.codec import ThingMagicCodec
from readers.reads import TagRead

READS = 20_000
CHUNK_SIZE = 4096
ROUNDS = 7
HOLD = 330_000
"""Reads a second a core that every binary protocol must hold."""


def r2000_stream(tag_count: int) -> bytes:
    """Make rounds of 20 tags, each with its end frame."""
    frames = []
    for number in range(tag_count):
        epc = b"\x30\x34\x25\x7b" + number.to_bytes(8, "big")
        frames.append(R2000Frame(1, 0x8B, b"\x70\x30\x00" + epc + b"\x45").encode())
        if number % 20 == 19:
            frames.append(bytes.fromhex("a00a018b07005a0000000168"))
    return b"".join(frames)


def r200_stream(tag_count: int) -> bytes:
    """Make rounds of 20 tags, each followed by the module's error 15."""
    frames = []
    for number in range(tag_count):
        epc = b"\x30\x34\x25\x7b" + number.to_bytes(8, "big")
        frames.append(R200Frame(2, 0x22, b"\xc9\x30\x00" + epc + b"\x3a\x76").encode())
        if number % 20 == 19:
            frames.append(bytes.fromhex("bb01ff000115167e"))
    return b"".join(frames)


def chainway_stream(tag_count: int) -> bytes:
    """Make tag records; nothing comes between them."""
    return b"".join(
        ChainwayFrame(
            0x83, b"\x30\x00\x30\x34\x25\x7b" + number.to_bytes(8, "big") + b"\xfd\x6f\x02"
        ).encode()
        for number in range(tag_count)
    )


def uhfreader_stream(tag_count: int) -> bytes:
    """Make what a reader pushes in real-time mode, a frame a tag: its dearest way to read."""
    return b"".join(
        UHFReaderFrame(
            0, 0xEE, b"\x00\x01\x0c\x30\x34\x25\x7b" + number.to_bytes(8, "big") + b"\x45"
        ).encode()
        for number in range(tag_count)
    )


def thingmagic_stream(tag_count: int) -> bytes:
    """Make full records of continuous reading, with a heartbeat after each hundred."""
    head, tail = bytes.fromhex("10001b01ff0101c4110e1640"), bytes.fromhex("0000050000000080")
    alive = ThingMagicFrame(0x22, b"", 0x0400).encode()
    frames = []
    for number in range(tag_count):
        tag = b"\x30\x00\x30\x34\x25\x7b" + number.to_bytes(8, "big") + b"\xe9\x4a"
        record = head + number.to_bytes(4, "big") + tail + tag
        frames.append(ThingMagicFrame(0x22, record, 0).encode() + alive * (number % 100 == 99))
    return b"".join(frames)


def cf_stream(tag_count: int) -> bytes:
    """Make rounds of 20 tags, each with its end."""
    frames = []
    for number in range(tag_count):
        epc = b"\x30\x34\x25\x7b" + number.to_bytes(8, "big")
        frames.append(CFFrame(0, 1, b"\x00\xfd\x8a\x01\x00\x0c" + epc).encode())
        if number % 20 == 19:
            frames.append(bytes.fromhex("cf0000010112421d"))
    return b"".join(frames)


def llrp_stream(tag_count: int, tags_a_report: int) -> bytes:
    """Make reports of so many tags with antenna, RSSI, first seen and count, as captured ones."""
    frames, tags = [], []
    for number in range(tag_count):
        parts = (
            Parameter.of("EPC96", epc=(b"\x30\x34\x25\x7b" + number.to_bytes(8, "big")).hex()),
            Parameter.of("AntennaID", antenna=1),
            Parameter.of("PeakRSSI", rssi_dbm=-53),
            Parameter.of("FirstSeenTimestampUTC", first_seen_utc_us=1594174805159594 + number),
            Parameter.of("TagSeenCount", seen_count=1),
        )
        tags.append(Parameter.of("TagReportData", *parts))
        if len(tags) == tags_a_report:
            frames.append(LlrpMessage.of("RO_ACCESS_REPORT", *tags, id=number).encode())
            tags.clear()
    return b"".join(frames)


def nur_stream(tag_count: int) -> bytes:
    """Make notifications of 4 tags each, as many as a reader finds in a short round."""
    entry = bytes.fromhex("18cc640500543a0d0000300200") + b"\x30\x34\x25\x7b"
    return b"".join(
        NurFrame(
            bytes.fromhex("82000001000004")
            + b"".join(entry + each.to_bytes(8, "big") for each in range(number, number + 4)),
            1,
        ).encode()
        for number in range(0, tag_count, 4)
    )


def fonkan_stream(tag_count: int) -> bytes:
    """Make rounds of 20 tags, each with the line that ends it."""
    frames = []
    for number in range(tag_count):
        body = b"\x30\x00\x30\x34\x25\x7b" + number.to_bytes(8, "big")
        crc = (crc_hqx(body, 0xFFFF) ^ 0xFFFF).to_bytes(2, "big")
        frames.append(FonkanFrame("U" + (body + crc).hex().upper(), is_answer=True).encode())
        if number % 20 == 19:
            frames.append(b"\nU\r\n")
    return b"".join(frames)


def chafon_5357_stream(tag_count: int) -> bytes:
    """Make what a reader pushes, a frame a tag: its dearest way to read."""
    frames = []
    for number in range(tag_count):
        tag = b"\x0f\x01\x02\x30\x34\x25\x7b" + number.to_bytes(8, "big") + b"\x45"
        frames.append(Chafon5357Frame(0, 0x45, b"\x01" + bytes(7) + b"\x01" + tag, b"CT").encode())
    return b"".join(frames)


def chunks_of(data: bytes) -> list[bytes]:
    """Cut a stream as a port gives it."""
    return [data[at : at + CHUNK_SIZE] for at in range(0, len(data), CHUNK_SIZE)]


def best_s(run: Callable[[], int]) -> float:
    """Return the shortest CPU time of several runs, each of which must find every read."""
    best = float("inf")
    for _ in range(ROUNDS):
        begun = time.process_time()
        found = run()
        best = min(best, time.process_time() - begun)
        assert found == READS, f"{found} reads of {READS}"
    return best


def codec_run(codec: Callable[[], Codec], chunks: list[bytes]) -> Callable[[], int]:
    """Return a run of our codec over the stream."""

    def run() -> int:
        one = codec()
        return sum(
            1 for chunk in chunks for item in one.receive(chunk) if isinstance(item, TagRead)
        )

    return run


def raw_run(data: bytes, head: bytes, tag_size: int) -> Callable[[], int]:
    """Return the least any parser does: find the head, cut the frame, sum its bytes."""

    def run() -> int:
        found = position = 0
        while (position := data.find(head, position)) >= 0:
            frame = data[position : position + tag_size]
            sum(frame)
            found += 1
            position += tag_size
        return found

    return run


def measure() -> list[dict[str, object]]:
    """Measure each binary protocol and its yardstick in one run."""
    rows: list[dict[str, object]] = []
    cases: tuple[tuple[str, Callable[[], Codec], bytes, bytes, int], ...] = (
        ("r2000_a0", R2000Codec, r2000_stream(READS), b"\xa0\x13\x01\x8b", 21),
        ("r200_bb7e", R200Codec, r200_stream(READS), b"\xbb\x02\x22", 24),
        ("llrp, 1 a report", LlrpReplyCodec, llrp_stream(READS, 1), b"\x00\xf0\x00\x22\x8d", 34),
        ("llrp, 20", LlrpReplyCodec, llrp_stream(READS, 20), b"\x00\xf0\x00\x22\x8d", 34),
        ("chainway", ChainwayCodec, chainway_stream(READS), b"\xa5\x5a\x00\x19\x83", 25),
        ("chafon_uhfreader", UHFReaderCodec, uhfreader_stream(READS), b"\x14\x00\xee\x00", 21),
        ("thingmagic", ThingMagicCodec, thingmagic_stream(READS), b"\xff\x28\x22", 47),
        ("chafon_cf", CFCodec, cf_stream(READS), b"\xcf\x00\x00\x01\x12", 25),
        ("nordicid_nur", NurCodec, nur_stream(READS), b"\x18\xcc\x64", 25),
        ("fonkan_ascii", FonkanCodec, fonkan_stream(READS), b"\nU3000", 36),
        ("chafon_5357", Chafon5357Codec, chafon_5357_stream(READS), b"\x43\x54\x00\x1c", 32),
    )
    for name, codec, data, head, size in cases:
        raw_s = best_s(raw_run(data, head, size))
        own_s = best_s(codec_run(codec, chunks_of(data)))
        rows.append(
            {
                "bench": f"codec {name}",
                "reads_per_s": round(READS / own_s),
                "hold": HOLD,
                "raw_per_s": round(READS / raw_s),
                "ratio_to_raw": round(raw_s / own_s, 2),
            }
        )
        if name == "r2000_a0":
            rows.append(decode_row(data, own_s))
    return rows


def decode_row(data: bytes, codec_s: float) -> dict[str, object]:
    """Measure `readers decode`: hex lines in, JSON lines out."""
    lines = [chunk.hex() for chunk in chunks_of(data)]

    def run() -> int:
        out = io.StringIO()
        decode_lines(lines, R2000Codec(), out)
        return out.getvalue().count('"type": "read"')

    line_s = best_s(run)
    return {
        "bench": "readers decode",
        "reads_per_s": round(READS / line_s),
        "hold": 80_000,  # as many lines as `hangtag identify` must write
        "raw_per_s": round(READS / codec_s),
        "ratio_to_raw": round(codec_s / line_s, 2),
    }


def main() -> None:
    """Print one line a protocol."""
    rows = measure()
    for row in rows:
        if "--json" in sys.argv:
            print(json.dumps(row))
            continue
        # The raw limit of a codec is find + sum; that of the decoded lines is the codec.
        print(
            f"{row['bench']:18} {row['reads_per_s']:>10,} reads/s  hold {row['hold']:,}"
            f"  of {row['raw_per_s']:,}/s  ratio {row['ratio_to_raw']}"
        )


if __name__ == "__main__":
    main()
