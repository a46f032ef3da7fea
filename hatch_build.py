"""Compile the message catalogues into a wheel, so that it speaks every language it came with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileCatalogues(BuildHookInterface):  # type: ignore[type-arg]  # generic only in its stubs
    """Write each `messages.mo` from its `messages.po` before the files are gathered."""

    # `Any`: the build backend hands over an open dictionary that this hook only adds to.
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile all catalogues and name them as parts of the wheel."""
        for source in sorted(Path(self.root, "traceability", "translations").glob("**/*.po")):
            compiled = source.with_suffix(".mo")
            with source.open("rb") as text, compiled.open("wb") as binary:
                write_mo(binary, read_po(text, locale=source.parts[-3]))
            build_data["artifacts"].append(compiled.relative_to(self.root).as_posix())
