"""The sentences of the pages in other languages: small catalogues by room, compiled into one.

A language is a folder of `.po` files below ``translations/``, one for each room of the house, so
that two people can translate two pages at once. They are compiled into ``LC_MESSAGES/messages.mo``
when that file is missing or older.

    python -m traceability.catalogue missing      which sentences a language does not have yet
    python -m traceability.catalogue compile

>>> sorted(language.name for language in languages())
['zh_Hans']
"""

from __future__ import annotations

import errno
import io
import os
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from traceability.assets import folder
from traceability.errors import TraceabilityError

_HERE = Path(__file__).resolve().parent
_NOT_OURS_TO_WRITE = (errno.EACCES, errno.EPERM, errno.EROFS)
KEYWORDS = {**DEFAULT_KEYWORDS, "lazy_gettext": None, "lazy_ngettext": (1, 2)}


class TwoTranslations(TraceabilityError):
    """Two catalogues translate one sentence differently; a reader would see one by chance."""


def shipped() -> Path:
    """Return the folder of the catalogues that came with the program."""
    return _HERE / "translations"


def languages(root: Path | None = None) -> list[Path]:
    """Return the folder of each language that has at least one catalogue."""
    return sorted({path.parent for path in (root or shipped()).glob("*/*.po")})


def read_language(language: Path) -> Catalog:
    """Join the catalogues of one language.

    Raises:
        TwoTranslations: If two catalogues differ in one sentence; both places are named.
    """
    joined = Catalog(locale=language.name)
    origin: dict[object, tuple[str, object]] = {}
    for path in sorted(language.glob("*.po")):
        with path.open("rb") as file:
            one = read_po(file, locale=language.name, abort_invalid=True)
        for message in one:
            if not message.id or not message.string:
                continue
            first = origin.setdefault(message.id, (path.name, message.string))
            if first[1] != message.string:
                raise TwoTranslations(
                    f"{language.name}: {message.id!r} is {first[1]!r} in {first[0]} "
                    f"but {message.string!r} in {path.name}: keep one."
                )
            joined.add(message.id, message.string, flags=message.flags)
    return joined


def compile_catalogues(root: Path | None = None) -> list[Path]:
    """Compile each language whose compiled file is missing or older than a source of it.

    Returns:
        The files written. A folder that cannot be written is left as it is: an installed package
        brings its compiled files along.
    """
    written = []
    for language in languages(root):
        target = language / "LC_MESSAGES" / "messages.mo"
        newest = max(path.stat().st_mtime_ns for path in language.glob("*.po"))
        if target.exists() and target.stat().st_mtime_ns >= newest:
            continue
        try:
            _write(target, read_language(language))
        except OSError as error:
            if error.errno not in _NOT_OURS_TO_WRITE:
                raise
            continue
        written.append(target)
    return written


def _write(target: Path, catalogue: Catalog) -> None:
    # Two servers may start at once: each writes a file of its own, the last rename wins.
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, suffix=".tmp")
    with os.fdopen(handle, "wb") as file:
        write_mo(file, catalogue)
    Path(name).chmod(0o644)
    Path(name).replace(target)


@cache
def sentences() -> Mapping[object, list[str]]:
    """Find every sentence that the program can show, with the places it stands.

    Every template and module is read for that, which takes seconds: once in a process.

    Returns:
        Message id (text, or a pair of singular and plural) → "file:line" of each place.
    """
    found: dict[object, list[str]] = {}
    for root, methods in (
        (_HERE, [("**.py", "python")]),
        (folder("templates"), [("**.html", "jinja2")]),
    ):
        rows = extract_from_dir(
            str(root),
            method_map=methods,
            options_map={"**.html": {"silent": "false", "trimmed": "true"}},
            keywords=KEYWORDS,
        )
        for name, line, message, _comments, _context in rows:
            found.setdefault(message, []).append(f"{name}:{line}")
    return found


def missing(language: Path) -> dict[object, list[str]]:
    """Return the sentences that a language has no translation for, with their places."""
    known: dict[object, Message] = {
        (tuple(message.id) if isinstance(message.id, list | tuple) else message.id): message
        for message in read_language(language)
    }
    return {
        message: places
        for message, places in sentences().items()
        if message not in known or not known[message].string
    }


def as_template(messages: Mapping[object, list[str]]) -> str:
    """Write sentences as empty entries, to be filled in and kept in a catalogue of their room."""
    out = io.StringIO()
    for message, places in sorted(messages.items(), key=lambda item: item[1][0]):
        out.write(f"#: {' '.join(places[:3])}\n")
        pair = message if isinstance(message, tuple) else (message,)
        if any("%(" in str(text) for text in pair):
            out.write("#, python-format\n")
        out.write(f"msgid {_quoted(pair[0])}\n")
        if len(pair) > 1:
            out.write(f'msgid_plural {_quoted(pair[1])}\nmsgstr[0] ""\n\n')
        else:
            out.write('msgstr ""\n\n')
    return out.getvalue()


def _quoted(text: object) -> str:
    body = str(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{body}"'


def main(arguments: list[str]) -> int:
    """Run the command of this module; returns the exit status."""
    if arguments == ["compile"]:
        for path in compile_catalogues():
            sys.stdout.write(f"{path}\n")
        return 0
    if arguments == ["missing"]:
        count = 0
        for language in languages():
            lacking = missing(language)
            count += len(lacking)
            sys.stdout.write(f"# {language.name}: {len(lacking)} missing\n{as_template(lacking)}")
        return 1 if count else 0
    sys.stderr.write("Expected one word: missing or compile.\n")
    return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
