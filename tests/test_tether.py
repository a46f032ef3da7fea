"""A program that was started for another one stops when that one is gone, however it went."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from traceability.tether import SETTING

COMMAND = [sys.executable, "-m", "app", "serve", "--port", "0", "--json"]


def test_a_tethered_server_stops_when_its_line_breaks(tmp_path: Path) -> None:
    environment = {**os.environ, "HANGTAG_DB": f"sqlite:///{tmp_path / 'a.sqlite'}"}
    with subprocess.Popen(
        COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**environment, SETTING: "stdin"},
    ) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        assert server.stdout.readline()
        assert server.poll() is None
        server.stdin.close()
        assert server.wait(60) is not None
