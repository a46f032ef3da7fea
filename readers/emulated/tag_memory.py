"""The memory of a tag that is not there: four banks, two passwords, locks, as an emulator needs.

>>> tag = EmulatedTag(bytes.fromhex("300833b2ddd9014000000001"))
>>> tag.read(1, 1, 7).hex()
'3000300833b2ddd9014000000001'
>>> tag.write(3, 0, bytes.fromhex("1234")), tag.read(3, 0, 1).hex()
('ok', '1234')

Source: EPC Gen2 2.0.1, sections 6.3.2.1 (memory) and 6.3.2.12.3.5 (lock).
"""

from __future__ import annotations

from binascii import crc_hqx
from typing import Literal

Outcome = Literal["ok", "overrun", "locked", "password"]

RESERVED, EPC, TID, USER = 0, 1, 2, 3
_USER_SIZE = 64
_LOCK_SHIFTS = {RESERVED: 6, EPC: 4, TID: 2, USER: 0}
_KILL_SHIFT = 8
_BY_PASSWORD, _FOR_EVER = 2, 1


class EmulatedTag:
    """One tag. All numbers of words count 16 bits; passwords are 0 until they are written."""

    def __init__(self, epc: bytes) -> None:
        """Make a tag of 1 to 31 words of EPC with a TID of its own and 64 bytes of user memory."""
        words = len(epc) // 2
        self.banks = [
            bytearray(8),
            bytearray(2 + 2 + len(epc)),
            bytearray(b"\xe2\x80\x11\x05" + bytes(4) + crc_hqx(epc, 0).to_bytes(4, "big")),
            bytearray(_USER_SIZE),
        ]
        self.banks[EPC][2:] = (words << 11).to_bytes(2, "big") + epc
        self.locks = 0
        """10 bits of the lock command: kill, access, EPC, TID, user, two bits each."""
        self.is_killed = False
        self._sign()

    @property
    def pc(self) -> bytes:
        """Protocol control word."""
        return bytes(self.banks[EPC][2:4])

    @property
    def epc(self) -> bytes:
        """As many words as the protocol control word counts."""
        return bytes(self.banks[EPC][4 : 4 + (self.banks[EPC][2] >> 3) * 2])

    @property
    def crc(self) -> int:
        """Checksum that the tag sends behind its EPC."""
        return crc_hqx(self.pc + self.epc, 0xFFFF) ^ 0xFFFF

    def read(self, bank: int, word_addr: int, words: int) -> bytes | None:
        """Return words of a bank, all that follow if `words` is 0; None beyond its end."""
        if bank not in _LOCK_SHIFTS:
            return None
        held = self.banks[bank][word_addr * 2 :]
        if not words:
            return bytes(held) or None
        return bytes(held[: words * 2]) if 0 < words * 2 <= len(held) else None

    def write(self, bank: int, word_addr: int, data: bytes, password: int = 0) -> Outcome:
        """Write words into a bank, as far as its lock and the access password allow."""
        if bank not in _LOCK_SHIFTS or bank == TID:
            return "locked"
        if not self.knows(password):
            return "password"
        # The reserved bank holds two passwords, each with a lock of its own.
        shift = _KILL_SHIFT if bank == RESERVED and word_addr < 2 else _LOCK_SHIFTS[bank]
        lock = self.locks >> shift & 3
        if lock & _FOR_EVER and lock & _BY_PASSWORD:
            return "locked"
        if lock & _BY_PASSWORD and not password:
            return "locked"
        end = word_addr * 2 + len(data)
        if bank == EPC and 4 < end <= 4 + 62:
            self.banks[EPC].extend(bytes(max(0, end - len(self.banks[EPC]))))
        if end > len(self.banks[bank]) or (bank == EPC and word_addr == 0):
            return "overrun"
        self.banks[bank][word_addr * 2 : end] = data
        self._sign()
        return "ok"

    def lock(self, mask: int, action: int, password: int = 0) -> Outcome:
        """Set the lock bits that the mask names."""
        if not self.knows(password) or not password:
            return "password"
        self.locks = self.locks & ~mask | action & mask
        return "ok"

    def kill(self, password: int) -> Outcome:
        """Silence the tag for ever; it needs a kill password other than 0."""
        if not password or password != int.from_bytes(self.banks[RESERVED][:4], "big"):
            return "password"
        self.is_killed = True
        return "ok"

    def knows(self, password: int) -> bool:
        """Tell whether an access password, 0 for none, is not wrong."""
        return not password or password == int.from_bytes(self.banks[RESERVED][4:8], "big")

    def matches(self, bank: int, bit_addr: int, bits: int, mask: bytes) -> bool:
        """Tell whether a mask lies at a bit address of a bank, as a select command asks."""
        if bank not in _LOCK_SHIFTS or bit_addr + bits > len(self.banks[bank]) * 8:
            return False
        if not bits:
            return True
        held = int.from_bytes(self.banks[bank], "big") >> (
            len(self.banks[bank]) * 8 - bit_addr - bits
        )
        wanted = int.from_bytes(mask[: (bits + 7) // 8], "big") >> (-bits % 8)
        return (held & (1 << bits) - 1) == wanted

    def _sign(self) -> None:
        self.banks[EPC][:2] = self.crc.to_bytes(2, "big")


class Population:
    """The tags behind the EPCs of an emulator's field; one that is written to stays what it is."""

    def __init__(self, field: dict[bytes, tuple[int, int]]) -> None:
        """Look at a field; `Emulator.field` is such a one."""
        self._field = field
        self._known: dict[bytes, EmulatedTag] = {}

    def tags(self) -> list[EmulatedTag]:
        """Return the tags in the field that still answer, in the order shown."""
        return [tag for epc in self._field if not (tag := self.of(epc)).is_killed]

    def of(self, epc: bytes) -> EmulatedTag:
        """Return the tag behind an EPC of the field."""
        if epc not in self._known:
            self._known[epc] = EmulatedTag(epc)
        return self._known[epc]

    def find(self, bank: int, bit_addr: int, bits: int, mask: bytes) -> list[EmulatedTag]:
        """Return the tags that a select command would choose."""
        return [tag for tag in self.tags() if tag.matches(bank, bit_addr, bits, mask)]

    def settle(self) -> None:
        """Let the field show the EPCs that the tags have now, killed ones no more."""
        places = dict(self._field)
        self._field.clear()
        for epc, place in places.items():
            tag = self._known.pop(epc, None) or EmulatedTag(epc)
            if not tag.is_killed:
                self._field[tag.epc] = place
                self._known[tag.epc] = tag
