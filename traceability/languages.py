"""What Hangtag says in other languages: many `.po` files a language, compiled into one catalogue.

Each part of the pages keeps its sentences in a `.po` file of its own below
`translations/LANGUAGE/`; readers of the pages get them merged as `LC_MESSAGES/messages.mo`.
`python traceability/languages.py FOLDER` compiles; it needs Babel and nothing of ours, so that an
install and the building of a wheel can run it before anything else works.
"""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


class TwoTranslations(Exception):
    """Two files translate one sentence differently; a reader would see one of them by chance."""


def compile_catalogues(folder: Path) -> list[Path]:
    """Compile every language below `folder` whose sources are newer; return all catalogues.

    Raises:
        TwoTranslations: If a language has two translations of one sentence.
    """
    catalogues = []
    for language in sorted(path for path in folder.iterdir() if path.is_dir()):
        sources = sorted(language.glob("**/*.po"))
        if not sources:
            continue
        compiled = language / "LC_MESSAGES" / "messages.mo"
        newest = max(path.stat().st_mtime for path in sources)
        if not compiled.exists() or compiled.stat().st_mtime < newest:
            catalogue = merge(language.name, sources)
            compiled.parent.mkdir(exist_ok=True)
            # Replaced whole: a server that starts meanwhile never reads half a file.
            fresh = compiled.with_suffix(".new")
            with fresh.open("wb") as file:
                write_mo(file, catalogue)
            fresh.replace(compiled)
        catalogues.append(compiled)
    return catalogues


def merge(language: str, sources: list[Path]) -> Catalog:
    """Read all parts of a language into one catalogue.

    Raises:
        TwoTranslations: If two parts translate one sentence differently.
    """
    whole = Catalog(locale=language)
    for source in sources:
        with source.open("rb") as file:
            part = read_po(file, locale=language)
        for message in part:
            if not message.id or not message.string:
                continue
            known = whole.get(message.id, message.context)
            if known is not None and known.string != message.string:
                raise TwoTranslations(
                    f"{source} translates {message.id!r} as {message.string!r}: expected "
                    f"{known.string!r}, as another file of {language} has it."
                )
            whole.add(message.id, message.string, context=message.context, flags=message.flags)
    return whole


if __name__ == "__main__":
    compile_catalogues(Path(sys.argv[1]))
