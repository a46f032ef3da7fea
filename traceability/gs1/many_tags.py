"""Many tags at once: the keys of a whole recording, worked out column by column.

With numpy installed the bits of all tags are taken apart together; without it, tag by tag. Both
give the same keys (a test compares them).

>>> keys_of_epcs(bytes.fromhex("3034257BF7194E4000001A85" "E2801160600002040000ABCD"))
['/01/80614141123458/21/6789', 'urn:epc:raw:96.xE2801160600002040000ABCD']
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from traceability.gs1.check_digit import GROUP_SUMS
from traceability.gs1.epc_schemes import BY_NAME, COMPANY
from traceability.gs1.tag_key import key_of_epc

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[Any]]

SIZE = 12
"""Bytes of one EPC of 96 bits."""
CHUNK = 1 << 16
"""Tags taken apart at once: their columns still lie in a processor's cache."""
PATH = 22
"""Letters of ``/01/{gtin}/21/``."""
_ROW = [("path", f"V{PATH}"), ("high", "<u4"), ("middle", "<u4"), ("low", "<u4"), ("end", "u1")]
_ABSENT = 1
"""Stands for a zero in front that is not written; no key holds this byte."""


class _Tables(NamedTuple):
    """What is looked up: by partition, and by groups of four digits."""

    item_bits: Numbers
    company_limit: Numbers
    item_limit: Numbers
    indicator: Numbers
    sums: Numbers
    digits: Numbers
    """Four digits as one number. 0 to 9,999: all four; from 10,000: zeros in front absent; from
    20,000: the same, but a lone zero stays."""


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    import numpy as np

    item = BY_NAME["sgtin-96"].reference
    # Partition 7 does not exist: nothing is below its limits.
    rows = [
        (bits, 10**company, 10**size, 10 ** (size - 1))
        for (company, _), (size, bits) in zip(COMPANY, item, strict=True)
    ]
    columns = [
        np.array(column, dtype=np.uint64) for column in zip(*rows, (0, 0, 0, 1), strict=True)
    ]
    groups = [
        [f"{n:04d}" for n in range(10_000)],
        [(str(n) if n else "").rjust(4, chr(_ABSENT)) for n in range(10_000)],
        [str(n).rjust(4, chr(_ABSENT)) for n in range(10_000)],
    ]
    digits = np.frombuffer("".join(map("".join, groups)).encode(), dtype="<u4")
    sums = np.array(GROUP_SUMS, dtype=np.uint64)
    return _Tables(columns[0], columns[1], columns[2], columns[3], sums, digits)


def keys_of_epcs(data: bytes) -> list[str]:
    """Return the keys of tags of 96 bits that lie one after the other.

    Args:
        data: EPC banks from bit 20h on, twelve bytes each.

    Returns:
        A key for each tag, as `traceability.gs1.key_of_epc` gives it.

    Raises:
        ValueError: If the last tag is cut off.
    """
    if len(data) % SIZE:
        raise ValueError(f"Cannot take {len(data)} bytes apart: expected {SIZE} for each tag.")
    found: list[str] = []
    is_quick = _has_numpy()
    for start in range(0, len(data), CHUNK * SIZE):
        piece = data[start : start + CHUNK * SIZE]
        found += _columns(piece) if is_quick else _one_by_one(piece)
    return found


def _has_numpy() -> bool:
    try:
        import numpy as np  # noqa: F401
    except ImportError:
        return False
    return True


def _one_by_one(data: bytes) -> list[str]:
    return [key_of_epc(data[at : at + SIZE]) for at in range(0, len(data), SIZE)]


def _columns(data: bytes) -> list[str]:
    import numpy as np

    # Measured: rows are put together by fields, since a slice of letters per row takes ten times
    # as long; more than half of what is left is the making of the strings themselves.
    digits = _tables().digits
    words = np.frombuffer(data, dtype=">u4").reshape(-1, 3).astype(np.uint64)
    heads = (words[:, 0] << np.uint64(26)) | (words[:, 1] >> np.uint64(6))
    serials = ((words[:, 1] & np.uint64(63)) << np.uint64(32)) | words[:, 2]
    products, which = np.unique(heads, return_inverse=True)
    paths, is_good = _paths(products)
    high = serials // np.uint64(100_000_000)
    rest = (serials - high * np.uint64(100_000_000)).astype(np.uint32)
    middle = rest // np.uint32(10_000)
    is_short = high == 0
    rows = np.empty(len(heads), dtype=_ROW)
    rows["path"] = np.take(paths, which)
    rows["high"] = digits[high.astype(np.intp) + 10_000]
    rows["middle"] = digits[middle + np.uint32(10_000) * is_short]
    is_short &= middle == 0
    rows["low"] = digits[rest - middle * np.uint32(10_000) + np.uint32(20_000) * is_short]
    rows["end"] = ord("\n")
    keys = rows.tobytes().translate(None, bytes([_ABSENT])).decode("ascii").split("\n")
    keys.pop()
    if not is_good.all():
        for at in np.flatnonzero(~is_good[which]).tolist():
            keys[at] = key_of_epc(data[SIZE * at : SIZE * at + SIZE])
    return keys


def _paths(heads: Numbers) -> tuple[Numbers, Numbers]:
    """Return ``/01/{gtin}/21/`` of each head as letters, and which heads hold.

    Source: EPC Tag Data Standard 2.3, section 14.6.1.
    """
    import numpy as np

    tables = _tables()
    partition = (heads >> np.uint64(44) & np.uint64(7)).astype(np.intp)
    bits = tables.item_bits[partition]
    company = (heads & np.uint64((1 << 44) - 1)) >> bits
    item = heads & ((np.uint64(1) << bits) - np.uint64(1))
    is_good = (
        (heads >> np.uint64(50) == np.uint64(0x30))
        & (company < tables.company_limit[partition])
        & (item < tables.item_limit[partition])
    )
    indicator = tables.indicator[partition]
    first, rest = np.divmod(item, indicator)
    body = np.where(is_good, first * np.uint64(10**12) + company * indicator + rest, np.uint64(0))
    groups = _groups(body, 4)
    total = sum(tables.sums[group] for group in groups)
    check = (np.uint64(10) - total % np.uint64(10)) % np.uint64(10)
    paths = np.empty((len(heads), PATH), dtype=np.uint8)
    paths[:, :4] = np.frombuffer(b"/01/", dtype=np.uint8)
    paths[:, 18:] = np.frombuffer(b"/21/", dtype=np.uint8)
    gtin = np.stack([tables.digits[g] for g in _groups(body * np.uint64(10) + check, 4)], axis=1)
    paths[:, 4:18] = gtin.view(np.uint8)[:, 2:]
    return paths.view(f"V{PATH}").ravel(), is_good


def _groups(numbers: Numbers, count: int) -> list[Numbers]:
    """Return groups of four decimal digits, the highest first."""
    import numpy as np

    found: list[Numbers] = []
    for _ in range(count):
        numbers, group = np.divmod(numbers, np.uint64(10_000))
        found.insert(0, group.astype(np.intp))
    return found
