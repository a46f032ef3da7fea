"""Every page's template is compiled once, however often the workshop restarts or is practised in.

Flask compiles the templates of each app anew, which takes half a second until the first page is
there. A workshop makes an app at each start and one for its practice beside it, all in one process
and from the same templates.
"""

from __future__ import annotations

from typing import ClassVar

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

__all__ = ["CompiledTemplates"]


class CompiledTemplates(BytecodeCache):
    """What templates were compiled to in this process, for all its apps.

    As many are kept as there are templates: a changed one takes the place of what it was before.
    """

    _kept: ClassVar[dict[str, tuple[str, bytes]]] = {}
    """By template: the checksum of its text, and its code. Each step is a single, atomic one."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give the code of a template, if it was compiled from this very text."""
        checksum, code = self._kept.get(bucket.key, ("", b""))
        if checksum == bucket.checksum:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template."""
        self._kept[bucket.key] = bucket.checksum, bucket.bytecode_to_string()
