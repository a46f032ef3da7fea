"""Frames to try each protocol's codec with, one module a protocol.

FRAME   strategy: one whole frame of the reader that no other frame begins with
HEADS   bytes that begin a frame; noise is made without them. Empty: any noise will do, since
        frames have no head. None: there is no checksum, so noise may be understood
stated  optional: a row's `meaning` in the names of what is decoded, where the row has words for
        people instead
UNANSWERED  optional: commands that a device obeys without a word
stage   optional: brings into the emulator's field the tag that a host's command is meant for
ABOUT   what the emulated reader says of itself when it is probed
HARMLESS  all that a probe may ask: commands whose answers change nothing
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from hypothesis.strategies import SearchStrategy

from readers.codec import Emulator
from readers.inquiry import About
from readers.reads import Command


@dataclass(frozen=True)
class Samples:
    frame: SearchStrategy[bytes]
    heads: bytes | None
    stated: Callable[[dict[str, Any]], dict[str, Any]]  # `Any`: a row's own fields
    unanswered: frozenset[int]
    stage: Callable[[Emulator, Command], None]
    about: About
    harmless: frozenset[int]


def samples(protocol: str) -> Samples:
    module = import_module(f"tests.readers.samples.{protocol}")
    return Samples(
        module.FRAME,
        module.HEADS,
        getattr(module, "stated", lambda meaning: meaning),
        getattr(module, "UNANSWERED", frozenset()),
        getattr(module, "stage", lambda _emulator, _asked: None),
        getattr(module, "ABOUT", About()),
        frozenset(getattr(module, "HARMLESS", ())),
    )
