"""`hangtag station`: run the process beside the readers, or ask how it stands."""

from __future__ import annotations

import json
import logging
import os
import signal
from pathlib import Path

import click


@click.group()
def station() -> None:
    """Run a station beside its readers, or ask how one stands."""


_CONFIG = click.option(
    "--config",
    "config",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The station's file (TOML).",
)


@station.command()
@_CONFIG
def run(config: Path) -> None:
    """Hear the readers of one station and deliver what they say, until stopped."""
    from traceability.station.run import Station
    from traceability.station.settings import load_settings

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    settings = load_settings(config)
    worker = Station(settings, config.parent, token=os.environ.get("HANGTAG_TOKEN"))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    worker.run()


@station.command()
@_CONFIG
@click.option("--json", "is_json", is_flag=True, help="Print one JSON line.")
def status(config: Path, *, is_json: bool) -> None:
    """Say what a station has said, what waits, and whether anything is missing."""
    from traceability.station.run import status_tree
    from traceability.station.settings import load_settings

    tree = status_tree(load_settings(config), config.parent)
    if is_json:
        click.echo(json.dumps(tree, ensure_ascii=False))
        return
    for name, value in tree.items():
        click.echo(f"{name.replace('_', ' ')}: {value if value not in (None, []) else '-'}")
