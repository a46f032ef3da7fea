"""Frames to try each protocol's codec with, one module a protocol.

FRAME   strategy: one whole frame of the reader that no other frame begins with
HEADS   bytes that begin a frame; noise is made without them. Empty: any noise will do, since
        frames have no head. None: there is no checksum, so noise may be understood
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from hypothesis.strategies import SearchStrategy


@dataclass(frozen=True)
class Samples:
    frame: SearchStrategy[bytes]
    heads: bytes | None


def samples(protocol: str) -> Samples:
    module = import_module(f"tests.readers.samples.{protocol}")
    return Samples(module.FRAME, module.HEADS)
