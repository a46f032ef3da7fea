"""The small file beside each station: who it is, where it stands, which readers hang on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from traceability.simulation import floor

__all__ = ["write_station_file"]


def write_station_file(
    station: floor.Station,
    folder: Path,
    server: str,
    urls: Mapping[str, str],
    protocols: Mapping[str, str] | None = None,
) -> Path:
    """Write a station's file and return its path.

    Args:
        station: The station.
        folder: Where the file, the spool and the tapes go.
        server: Where the station delivers, `http://host:port`.
        urls: Ports of the readers, by the readers' names.
        protocols: What they speak, by name; those that are left out speak what they usually do.
    """
    # A JSON text is a TOML basic string, too.
    said = {
        "name": station.name,
        "title": station.title,
        "server": server,
        "stage": station.stage,
        "place": station.place,
        "read_point": station.place,
        "zone": "Europe/Lisbon",
        "spool": str(folder / f"{station.name}.spool.sqlite"),
        "recordings": str(folder / "tapes"),
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in said.items()]
    for reader in station.readers:
        role = "hand" if reader.means == "scanner" else reader.name.rpartition(".")[2]
        of_reader = {
            "name": reader.name,
            "protocol": (protocols or {}).get(reader.name, reader.protocol),
            "url": urls[reader.name],
            "role": role,
        }
        lines += ["", "[[reader]]"]
        lines += [f"{name} = {json.dumps(value)}" for name, value in of_reader.items()]
    path = folder / f"{station.name}.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
