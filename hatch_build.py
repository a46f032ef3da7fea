"""Compile the message catalogues into a wheel, so that it speaks every language it came with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileCatalogues(BuildHookInterface):  # type: ignore[type-arg]  # generic only in its stubs
    """Write each language's catalogue before the files are gathered."""

    # `Any`: the build backend hands over an open dictionary that this hook only adds to.
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile all catalogues and name them as parts of the wheel."""
        root = Path(self.root)
        # In a process of its own: the sources are not among what a build may import from.
        command = [sys.executable, "-m", "traceability.catalogue", "compile"]
        subprocess.run(command, cwd=root, check=True)
        for made in root.glob("traceability/translations/*/LC_MESSAGES/*.mo"):
            build_data["artifacts"].append(made.relative_to(root).as_posix())
