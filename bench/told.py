"""How a benchmark tells its figures: a line each for people, or JSON with `--json`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping


def tell(row: Mapping[str, object]) -> None:
    """Print one row, with the case it names under `bench` in front."""
    if "--json" in sys.argv:
        print(json.dumps(row), flush=True)
        return
    figures = "  ".join(f"{name} {value}" for name, value in row.items() if name != "bench")
    print(f"{row['bench']:36} {figures}", flush=True)
