"""The faces that words are set in where no browser does it: our own, and those of the PC.

Our own face has the letters of Europe and Vietnam. For every other script the PC is asked: its font
folders are looked through, faces that are known to be good first. A letter that no face has is said
in a sentence, never printed as an empty box.

>>> [run.text for run in runs("Size 170", weight=700)]
['Size 170']
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path

from PIL import ImageFont, features

from traceability.assets import folder
from traceability.errors import Refused
from traceability.labels.lettering import TEXT_MAX

__all__ = ["Face", "Run", "our_face", "runs", "set_in"]

WEIGHTS, STRETCHES = (400, 600, 700), (100, 84, 76)
FILES_MAX = 5_000
"""Files looked at in the font folders of a PC."""
_PROBE = 24
_NOBODY = "\U0010ffff"
"""A place of Unicode that is no letter and never will be."""

_FAMILIES: dict[str, tuple[str, ...]] = {
    "CJK": (
        "notosanscjk", "notosanssc", "sourcehansans", "msyh", "pingfang", "hiraginosansgb",
        "stheiti", "heiti", "simhei", "wqy", "droidsansfallback", "deng", "simsun",
    ),
    "BENGALI": (
        "notosansbengali", "nirmala", "vrinda", "kohinoorbangla", "banglasangam", "banglamn",
        "lohitbengali", "mukti", "likhan", "kalpurush",
    ),
    "DEVANAGARI": ("notosansdevanagari", "nirmala", "mangal", "kohinoordevanagari", "lohit"),
    "ARABIC": ("notosansarabic", "segoeui", "geezapro", "notonaskharabic", "tahoma", "arial"),
    "THAI": ("notosansthai", "leelawui", "thonburi", "loma", "tahoma"),
    "KHMER": ("notosanskhmer", "leelawui", "khmersangam", "khmeros", "daunpenh"),
    "MYANMAR": ("notosansmyanmar", "mmrtext", "myanmarsangam", "padauk"),
    "SINHALA": ("notosanssinhala", "nirmala", "sinhalasangam", "lklug", "iskpota"),
    "TAMIL": ("notosanstamil", "nirmala", "tamilsangam", "lohittamil", "latha"),
}  # fmt: skip
"""Faces by script, the best first: how their files are called, small letters and digits alone."""
_ANY = ("notosans", "segoeui", "dejavusans", "liberationsans", "arial", "helvetica", "freesans")
_LAST = re.compile(r"emoji|color|symbol|mono|serif|italic|oblique|condensed|black|thin|light")
_BOLD = re.compile(r"bold|bd\Z|b\Z")
_CJK = {
    "CJK", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH", "HANGUL", "BOPOMOFO",
    "KANGXI", "LEFT", "RIGHT",
}  # fmt: skip
_SHAPED = {
    "ARABIC", "BENGALI", "DEVANAGARI", "GUJARATI", "GURMUKHI", "HEBREW", "KANNADA", "KHMER", "LAO",
    "MALAYALAM", "MYANMAR", "ORIYA", "SINHALA", "SYRIAC", "TAMIL", "TELUGU", "THAANA", "TIBETAN",
}  # fmt: skip
"""Scripts whose letters change and move beside one another."""


@dataclass(frozen=True, slots=True)
class Face:
    """One face in one file."""

    path: Path
    index: int = 0
    """Which one of the file's, where it holds several."""
    is_ours: bool = False

    def font(self, size: int) -> ImageFont.FreeTypeFont:
        """Return the face at a height of so many dots."""
        return _font(str(self.path), self.index, size)


@dataclass(frozen=True, slots=True)
class Run:
    """Letters of one text that stand in one face."""

    text: str
    face: Face


@lru_cache(maxsize=256)
def _font(path: str, index: int, size: int) -> ImageFont.FreeTypeFont:
    engine = ImageFont.Layout.RAQM if _is_shaping() else ImageFont.Layout.BASIC
    return ImageFont.truetype(path, size, index=index, layout_engine=engine)


@cache
def _is_shaping() -> bool:
    return bool(features.check("raqm"))


@cache
def our_face(weight: int, stretch: int) -> Face:
    """Return our own face in a weight (400, 600, 700) and a width of 100, 84 or 76 per cent."""
    path = folder("static") / "fonts" / "labels" / f"archivo-{weight}-{stretch}.ttf"
    return Face(path, is_ours=True)


def set_in(text: str) -> str:
    """Return a text as it is set: composed letters, no control characters."""
    composed = unicodedata.normalize("NFC", text[:TEXT_MAX])
    return "".join(one if one.isprintable() or one in "\u200c\u200d" else " " for one in composed)


@lru_cache(maxsize=2_048)
def runs(text: str, *, weight: int = 400, stretch: int = 100) -> tuple[Run, ...]:
    """Cut a text where its face changes.

    Args:
        text: One line.
        weight: 400, 600 or 700.
        stretch: 100, 84 or 76 per cent; faces of the PC have their own width.

    Raises:
        Refused: If no face has one of its letters, or its script cannot be set here.
    """
    said = set_in(text)
    ours = our_face(weight, stretch)
    is_backward = any(unicodedata.bidirectional(one) in {"R", "AL"} for one in said)
    faces: list[Face] = []
    for letter in said:
        if faces and (not letter.strip() or unicodedata.category(letter) in {"Mn", "Mc", "Cf"}):
            faces.append(faces[-1])
        elif _has(ours, letter):
            faces.append(ours)
        else:
            faces.append(_face_of_pc(letter, weight >= 600))
    if is_backward:
        # One face for the whole line: only then do its parts come in the right order.
        faces = [next(one for one in faces if not one.is_ours)] * len(said)
    places = groupby(range(len(said)), key=lambda at: faces[at])
    return tuple(Run("".join(said[at] for at in group), face) for face, group in places)


# --- the faces of the PC -------------------------------------------------------------------------


def _script(letter: str) -> str:
    word = unicodedata.name(letter, "").split(" ")[0].split("-")[0]
    return "CJK" if word in _CJK else word


@lru_cache(maxsize=8_192)
def _face_of_pc(letter: str, is_bold: bool) -> Face:
    script = _script(letter)
    if script in _SHAPED and not _is_shaping():
        raise Refused(
            f"Cannot set {letter!r} in a picture on this PC: the letters of this script change "
            "beside one another; print from the browser instead."
        )
    for path in _candidates(script, is_bold):
        face = Face(path, _simplified(path))
        if _has(face, letter):
            return face
    raise Refused(
        f"No typeface of this PC has {letter!r} (U+{ord(letter):04X}): install one, such as Noto "
        "Sans, or write it with other letters."
    )


@cache
def _candidates(script: str, is_bold: bool) -> tuple[Path, ...]:
    """Order the PC's faces by how good they are for a script."""
    wanted = (*_FAMILIES.get(script, ()), *_ANY)

    def rank(path: Path) -> tuple[int, bool, bool, str]:
        stem = re.sub(r"[^a-z0-9]", "", path.stem.lower())
        place = next((at for at, name in enumerate(wanted) if stem.startswith(name)), len(wanted))
        is_last = _LAST.search(stem) is not None
        return place + 100 * is_last, bool(_BOLD.search(stem)) != is_bold, is_last, stem

    return tuple(sorted(_files(), key=rank))


@cache
def _simplified(path: Path) -> int:
    """Return which face of a collection is the one for simplified Chinese; else the first."""
    if path.suffix.lower() != ".ttc":
        return 0
    for index in range(10):
        try:
            family = str(ImageFont.truetype(str(path), _PROBE, index=index).getname()[0])
        except OSError:
            break
        if family.endswith(" SC"):
            return index
    return 0


@cache
def _files() -> tuple[Path, ...]:
    """Find font files, each once by its name."""
    found: dict[str, Path] = {}
    for place in _folders():
        for above, _, names in os.walk(place):
            for name in names:
                if name.lower().endswith((".ttf", ".otf", ".ttc")) and len(found) < FILES_MAX:
                    found.setdefault(name.lower(), Path(above) / name)
    return tuple(found.values())


def _folders() -> Iterator[Path]:
    """Yield the folder that was named, and those in which Windows, macOS and Linux keep faces."""
    if place := os.environ.get("HANGTAG_FACES"):
        yield Path(place)
    for name, below in (("WINDIR", "Fonts"), ("LOCALAPPDATA", "Microsoft/Windows/Fonts")):
        if place := os.environ.get(name):
            yield Path(place) / below
    for place in ("/System/Library/Fonts", "/Library/Fonts", "/usr/share/fonts",
                  "/usr/local/share/fonts"):  # fmt: skip
        yield Path(place)
    for below in ("Library/Fonts", ".local/share/fonts", ".fonts"):
        yield Path("~").expanduser() / below


@lru_cache(maxsize=16_384)
def _has(face: Face, letter: str) -> bool:
    """Tell whether a face draws a letter as something else than what it lacks."""
    if not letter.strip():
        return True
    try:
        probe = _probe(face)
        drawn = probe.getmask(letter)
        return bool(drawn.getbbox()) and bytes(drawn) != bytes(probe.getmask(_NOBODY))
    except (OSError, ValueError):
        return False


@lru_cache(maxsize=512)
def _probe(face: Face) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(
        str(face.path), _PROBE, index=face.index, layout_engine=ImageFont.Layout.BASIC
    )
