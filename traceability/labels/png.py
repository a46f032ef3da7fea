r"""A label as a picture file, for whoever prints with another program.

>>> from traceability.labels.face import Face
>>> write_png(Face("B-10006").draw((50, 30)))[:8]
b'\x89PNG\r\n\x1a\n'
"""

from __future__ import annotations

import io

from traceability.labels.picture import Picture
from traceability.labels.raster import dots_per_mm, rasterise
from traceability.labels.reading_back import check_codes

__all__ = ["write_png"]


def write_png(picture: Picture, dpi: int = 300) -> bytes:
    """Write a label as PNG: black and white, its true size inside, read back before it leaves.

    Args:
        picture: The label, proven.
        dpi: Dots of an inch, 150 to 1,200.

    Raises:
        Refused: If bars would be narrower than their kind allows, or no face has a letter.
        Conflict: If a code cannot be read back.
    """
    image = rasterise(picture, dpi)
    check_codes(image, picture, dpi)
    exact = dots_per_mm(dpi) * 25.4
    file = io.BytesIO()
    image.save(file, "PNG", dpi=(exact, exact), optimize=True)
    return file.getvalue()
