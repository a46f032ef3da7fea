r"""The chip in a label of an emulated printer: memory that can be written and read, or not.

>>> chip = EmulatedChip(bytes.fromhex("E280116020000001"))
>>> chip.write(1, 1, bytes.fromhex("3000")), chip.read(1, 1, 2).hex(), chip.epc
(True, '3000', b'\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00')
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["EmulatedChip", "chip_number"]

BANK_BYTES = 2 * (2 + 31)
"""CRC, PC word and the longest EPC. Source: EPC Gen2 2.1, section 6.3.2.1.2."""


@dataclass(slots=True)
class EmulatedChip:
    """One chip."""

    tid: bytes
    """Bank 2: the number that its maker gave it."""
    is_dead: bool = False
    """It answers nothing."""
    is_wrong: bool = False
    """It keeps another last bit than it is told, and says that all is well."""
    bank: bytearray = field(default_factory=lambda: bytearray(BANK_BYTES))
    """Bank 1: CRC, PC word, EPC."""

    @property
    def epc(self) -> bytes:
        """The EPC, as long as the PC word says."""
        size = (self.bank[2] >> 3) * 2
        return bytes(self.bank[4 : 4 + size])

    def write(self, bank: int, word: int, data: bytes) -> bool:
        """Write whole words; tell whether the chip took them."""
        start = 2 * word
        if self.is_dead or bank != 1 or word < 1 or start + len(data) > len(self.bank):
            return False
        self.bank[start : start + len(data)] = data
        if self.is_wrong and word == 2:
            self.bank[start + len(data) - 1] ^= 1
        return True

    def read(self, bank: int, word: int, size: int) -> bytes:
        """Read bytes; nothing if the chip does not answer, or has not so many."""
        memory = bytes(self.bank) if bank == 1 else self.tid if bank == 2 else b""
        found = memory[2 * word : 2 * word + size]
        return b"" if self.is_dead or len(found) < size else found


def chip_number(running: int) -> bytes:
    """Make up the number of a chip: 96 bits that begin as those of real chips do.

    Source: EPC Tag Data Standard 2.3, section 16.2.1 (class E2h, extended TID with a serial).
    """
    return bytes.fromhex("E2801160200000") + running.to_bytes(5, "big")
