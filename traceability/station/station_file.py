"""Writing a station's file, as a person would: one member a line, nothing that is not needed.

>>> print(write_settings(StationSettings("dock", "http://127.0.0.1:1", "shipping", (
...     ReaderSettings("dock.1", "r200_bb7e", "/dev/ttyUSB0", 115200),), title="Dock")))
name = "dock"
title = "Dock"
server = "http://127.0.0.1:1"
stage = "shipping"
zone = "UTC"
language = "en"
<BLANKLINE>
[[reader]]
name = "dock.1"
protocol = "r200_bb7e"
url = "/dev/ttyUSB0"
baud = 115200
<BLANKLINE>
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

from traceability.station.gate_settings import write_gate
from traceability.station.settings import ReaderSettings, StationSettings

_STATION = ("name", "title", "server", "stage", "place", "read_point", "zone", "language")
_FILES = ("spool", "spool_mb", "recordings", "recordings_mb", "recordings_reader_mb")
_USUAL = {each.name: each.default for each in fields(StationSettings)}
_TIMES = ("quiet_ms", "scan_quiet_ms", "still_ms", "merge_s", "min_reads")
_READER = ("name", "protocol", "url", "baud", "role", "port_id", "lights", "inputs_every_ms")
NAME_SIZE_MAX = 28
"""Station names have at most 32 characters; a number may follow."""


def write_settings(settings: StationSettings) -> str:
    """Return the text of a station's file; its token is not in it."""
    parts = [_table(settings, (*_STATION, *_FILES, *_TIMES))]
    parts += [write_gate(settings.gate)] if write_gate(settings.gate) else []
    parts += ["[[reader]]\n" + _table(reader, _READER) for reader in settings.readers]
    return "\n".join(parts)


def _table(values: StationSettings | ReaderSettings, members: Iterable[str]) -> str:
    lines = []
    for member in members:
        value = getattr(values, member)
        if value is None or value == "":
            continue
        if member.endswith("_mb") and value == _USUAL[member]:
            continue
        if member == "spool" and value == f"{values.name}.spool.sqlite":
            continue
        lines.append(f"{member} = {_spell(value)}\n")
    return "".join(lines)


def _spell(value: object) -> str:
    if isinstance(value, int):
        return str(value)
    # A JSON string is a TOML string, but for the one control character that JSON leaves bare.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007F")


def keep_settings(settings: StationSettings, path: Path) -> None:
    """Write a station's file so that a power cut leaves the old one or the new one.

    Raises:
        OSError: If the folder takes nothing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    with draft.open("w", encoding="utf-8") as file:
        file.write(write_settings(settings))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def station_name(title: str, stage: str, taken: Iterable[str]) -> str:
    """Return a new name for a station, made from what people call it.

    >>> station_name("Dock gate", "shipping", []), station_name("出货", "shipping", ["shipping"])
    ('dock-gate', 'shipping-2')
    """
    wanted = _slug(title) or _slug(stage) or "station"
    used = set(taken)
    number, name = 1, wanted
    while name in used:
        number += 1
        name = f"{wanted}-{number}"
    return name


def _slug(text: str) -> str:
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    # Half a title in another script would be a misleading name: better the stage's own.
    if len(bare) * 2 < len(text):
        return ""
    return re.sub(r"[^a-z0-9]+", "-", bare).strip("-")[:NAME_SIZE_MAX].strip("-")
