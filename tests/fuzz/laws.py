"""What must hold for any bytes whatever, checked on one protocol at a time."""

from __future__ import annotations

from readers.codec import Codec
from readers.protocol import ProtocolEntry
from readers.reads import Item, Noise
from tests.readers.samples import samples

QUIET_MS = (20, 150, 2_000, 10_000)

TICKS_MAX = 16
"""Rounds that an emulated reader may push: one that was told to read never ends by itself."""


class Broken(Exception):
    """A law does not hold."""


def obey(entry: ProtocolEntry, data: bytes) -> None:
    """Feed both codecs and the emulator of a protocol.

    The first two bytes say how the rest is cut into pieces, so a failure can be fed again.

    Raises:
        Broken: If the pieces give other items than the whole, or bytes are lost.
        Exception: Whatever a codec raised: none of them may.
    """
    size, step = (data[0] % 31 + 1, data[1] % 7) if len(data) > 1 else (1, 0)
    wire = data[2:]
    makers = [entry.codec, *([entry.host_codec] if entry.host_codec else [])]
    for make in makers:
        whole = _heard(make(), [wire])
        if _told(_heard(make(), _pieces(wire, size, step))) != _told(whole):
            raise Broken(f"pieces of {size} bytes and more give other items than the whole")
        if samples(entry.name).heads is not None and _bytes(whole) != wire:
            raise Broken("bytes were lost or made up")
        _live(make(), _pieces(wire, size, step))
    _play(entry, _pieces(wire, size, step))


def _pieces(wire: bytes, size: int, step: int) -> list[bytes]:
    pieces = []
    while wire:
        pieces.append(wire[:size])
        wire, size = wire[size:], size + step
    return pieces


def _heard(codec: Codec, pieces: list[bytes]) -> list[Item]:
    return [item for piece in pieces for item in codec.receive(piece)] + codec.flush()


def _bytes(items: list[Item]) -> bytes:
    found: list[bytes] = []
    for item in items:
        piece = item.data if isinstance(item, Noise) else item.frame
        if isinstance(item, Noise) or not found or piece is not found[-1]:
            found.append(piece)
    return b"".join(found)


def _told(items: list[Item]) -> list[object]:
    """Return the items as they are printed; where one run of noise is cut is no matter."""
    told: list[object] = []
    for item in items:
        if not isinstance(item, Noise):
            told.append(item.tree())
        elif told and isinstance(told[-1], bytes):
            told[-1] += item.data
        else:
            told.append(item.data)
    return told


def _live(codec: Codec, pieces: list[bytes]) -> None:
    """Do with a codec what a session does, in any order of bytes and quiet."""
    codec.start()
    for number, piece in enumerate(pieces):
        quiet_ms = QUIET_MS[number % len(QUIET_MS)]
        for item in codec.receive(piece) + codec.idle(quiet_ms):
            item.tree()
            codec.on_item(item)
        codec.keep_going(quiet_ms)
    codec.cut()
    codec.stop()


def _play(entry: ProtocolEntry, pieces: list[bytes]) -> None:
    """Tell an emulated reader the bytes; its host must understand what it says to them."""
    device = entry.emulator()
    if entry.reads == "tags":
        device.show([bytes.fromhex("3034257bf7194e4000001a85"), b"\x12\x34"])
    sent = device.connect()
    for number, piece in enumerate(pieces):
        sent += device.answer(piece)
        if number < TICKS_MAX:
            sent += device.tick()
    device.disconnect()
    _heard(entry.codec(), [b"".join(each.frame for each in sent)])
