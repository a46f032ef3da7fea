"""What a `53 57` reader can be told: power, antennas, band, its relay. Of tags nothing is proven.

Source: PROTOCOLS.md section 5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from readers.control.controls import TRIES, Controls, Settings, within
from readers.control.talk import Talk
from readers.protocols.chafon_5357.codec import BROADCAST, FROM_HOST, Frame
from readers.protocols.chafon_5357.commands import (
    FREQUENCY_GET,
    FREQUENCY_SET,
    PARAMETER_GET,
    PARAMETER_SET,
    POWER,
    SYSTEM,
)
from readers.reads import ReaderError, Reply

_ANTENNAS, _CLOSE_RELAY, _OPEN_RELAY = 0xE1, 0x85, 0x86
DBM = (0, 33)
_BANDS = {"3180": "us", "4e00": "eu", "2ca3": "cn", "299d": "kr"}


class Chafon5357Controls(Controls):
    """One reader."""

    name = "A Chafon 53 57 reader"

    def cannot(self, what: str) -> ReaderError:
        """Say of commands on tags that they are not proven."""
        why = ": how such a reader is told is not proven" if "tag" in what else ""
        return ReaderError(f"{self.name} cannot {what}{why}.")

    def settings(self) -> Talk[Settings]:
        """Ask for power, antennas, band and serial number."""
        power = yield from self._do(PARAMETER_GET, bytes((POWER,)))
        antennas = yield from self._do(_ANTENNAS, b"")
        band = yield from self._do(FREQUENCY_GET, b"")
        system = yield from self._do(SYSTEM, b"")
        mask, bits = str(antennas.fields.get("antennas", "")), str(band.fields.get("band", ""))
        dbm = int(str(power.fields["value"]))
        ports = int(mask or "0", 16)
        return Settings(
            region=_BANDS.get(bits, "own"),
            power_dbm=(float(dbm),),
            antennas=tuple(port for port in range(1, 17) if ports >> (port - 1) & 1),
            identity=str(system.fields.get("sn", "")),
            kept=(("power", f"{dbm:02x}"), ("antennas", mask), ("band", bits)),
        )

    def set_power(self, power_dbm: Sequence[float]) -> Talk[None]:
        """Set the power of all antennas, in whole dBm."""
        if len(power_dbm) != 1:
            raise ReaderError(f"{self.name} cannot set a power for each antenna: give one figure.")
        within(self.name, "power", power_dbm, *DBM)
        yield from self._do(PARAMETER_SET, bytes((POWER, round(power_dbm[0]))))

    def set_region(self, region: str) -> Talk[None]:
        """Set the band."""
        band = next((bits for bits, word in _BANDS.items() if word == region), None)
        if band is None:
            known = ", ".join(sorted(_BANDS.values()))
            raise ReaderError(f"{self.name} cannot have region {region!r}: expected {known}.")
        yield from self._do(FREQUENCY_SET, bytes.fromhex(band))

    def set_antennas(self, antennas: Sequence[int]) -> Talk[None]:
        """Set which ports are used."""
        within(self.name, "antenna", antennas, 1, 16)
        mask = sum(1 << (port - 1) for port in set(antennas))
        yield from self._do(_ANTENNAS, mask.to_bytes(2, "big"))

    def restore(self, settings: Settings) -> Talk[None]:
        """Put back what was kept."""
        codes = {"power": PARAMETER_SET, "antennas": _ANTENNAS, "band": FREQUENCY_SET}
        for what, text in settings.kept:
            front = bytes((POWER,)) if what == "power" else b""
            if text:
                yield from self._do(codes[what], front + bytes.fromhex(text))

    def outputs(self, pins: Mapping[int, bool]) -> Talk[None]:
        """Close (on) or open the relay, which is output 1."""
        within(self.name, "output", list(pins), 1, 1)
        yield from self._do(_CLOSE_RELAY if pins[1] else _OPEN_RELAY, b"")

    def _do(self, code: int, data: bytes) -> Talk[Reply]:
        """Send a command and return its answer.

        Raises:
            ReaderError: If the reader refuses, or nobody answers.
        """
        asked = Frame(BROADCAST, code, data, FROM_HOST).encode()
        reply = yield from self.ask(asked, code, tries=TRIES)
        if reply.error is not None:
            raise ReaderError(f"{self.name} cannot do {reply.name}.")
        return reply
