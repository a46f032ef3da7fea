"""CRC-16/MCRF4XX, whose bits run backwards, computed at the speed of the standard library.

`crc_hqx` takes bits from the top. Fed with bytes whose bits are turned round, it gives the mirror
image of the checksum of those that Chafon readers send.

>>> crc_hqx(bytes.fromhex("040021d96a").translate(MIRROR), 0xFFFF)
0

The checksum of a whole frame whose check stands low byte first is 0, as in that one.

Source: PROTOCOLS.md section 0.1 (check value of "123456789": 6F91).
"""

from __future__ import annotations

from binascii import crc_hqx

MIRROR = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Each byte with its bits turned round, for `bytes.translate`."""


def mcrf4xx(data: bytes) -> int:
    """Compute CRC-16/MCRF4XX.

    >>> f"{mcrf4xx(b'123456789'):04X}"
    '6F91'
    """
    mirrored = crc_hqx(data.translate(MIRROR), 0xFFFF)
    return int.from_bytes(mirrored.to_bytes(2, "big").translate(MIRROR), "little")
