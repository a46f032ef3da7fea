"""The tables of others, pictures: drawn symbols and photos, read by zxing-cpp, lead to our keys."""

from __future__ import annotations

from typing import Any

import pytest
import zxingcpp
from PIL import Image

from tests import vectors
from traceability.gs1 import identify
from traceability.gs1.gtin import parse_gtin
from traceability.gs1.local import DEFAULT_NAMESPACE

pytestmark = pytest.mark.vectors

# `Any`: a row of another's table.
Row = dict[str, Any]
IMAGES: list[Row] = vectors.rows("gs1/images/index.json")[0]["images"] if vectors.HERE else []
AIM_OF = {"EAN-13": "]E0", "EAN-8": "]E4", "Code 128": "]C0"}


def scan_of_picture(row: Row) -> str | None:
    """Return what a scanner would send for the one symbol in a picture, None if it sees none."""
    with Image.open(vectors.path(f"gs1/images/{row['file']}")) as picture:
        found = zxingcpp.read_barcodes(picture.convert("L"))
    # A photo may hold more than one symbol; the table names one.
    wanted = [one for one in found if matches(row, one.bytes.decode("latin-1"))]
    return wanted[0].symbology_identifier + wanted[0].bytes.decode() if wanted else None


def matches(row: Row, data: str) -> bool:
    """Tell whether data are what the table says of a picture."""
    if "scan_bytes_hex" in row:
        return data == bytes.fromhex(row["scan_bytes_hex"]).decode("latin-1")
    return data == str(row["text"])


def expected_key(row: Row) -> str | None:
    """Return our key for what a picture holds."""
    if "element_string" in row:
        return identify(row["element_string"]).key
    text: str = row["text"]
    if row["symbology"] in ("EAN-13", "EAN-8", "ITF-14"):
        return f"/01/{parse_gtin(text)}"
    if text.startswith("https://"):
        return identify(text).key
    return f"//{DEFAULT_NAMESPACE}/obj/{text}"


@pytest.mark.parametrize("row", IMAGES, ids=lambda row: row["file"])
def test_a_picture_leads_to_the_key_of_what_it_holds(row: Row) -> None:
    scan = scan_of_picture(row)
    if scan is None:
        # Hard photos: not reading them is no defect.
        assert not row["zxing_cpp_reads"]
        return
    assert scan.startswith(row.get("aim") or AIM_OF[row["symbology"]])
    found = identify(scan)
    assert found.key == expected_key(row)
    if "element_string" in row:
        assert found.element_string == row["element_string"]
