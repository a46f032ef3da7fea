"""What a `CF` reader can be told: power, antennas, session. Of tags nothing is proven.

All parameters are one block, which is kept as it came and put back whole.

Source: PROTOCOLS.md section 4.
"""

from __future__ import annotations

from collections.abc import Sequence

from readers.control.controls import TRIES, Controls, Settings, within
from readers.control.talk import Talk
from readers.protocols.chafon_cf.codec import BROADCAST, Frame
from readers.protocols.chafon_cf.commands import GET_ALL, INFO, POWER_SET, SET_ALL
from readers.protocols.chafon_cf.inquiry import CF_INQUIRY
from readers.reads import ReaderError, Reply

_ANTENNAS_SET = 0x0057
_SESSION_AT = 18
"""Byte of the block with all parameters."""
DBM = (0, 33)


class CFControls(Controls):
    """One reader."""

    name = "A Chafon CF reader"

    def cannot(self, what: str) -> ReaderError:
        """Say of commands on tags that they are not proven."""
        why = ": how such a reader is told is not proven" if "tag" in what else ""
        return ReaderError(f"{self.name} cannot {what}{why}.")

    def settings(self) -> Talk[Settings]:
        """Ask for all parameters and the serial number."""
        info = yield from self._do(INFO, b"")
        reply = yield from self._do(GET_ALL, b"")
        about = CF_INQUIRY.about([reply])
        number = {key: value for key, value in reply.fields.items() if isinstance(value, int)}
        mask = number.get("antenna_mask", 0)
        return Settings(
            region=about.region,
            power_dbm=about.power_dbm,
            antennas=tuple(port for port in range(1, 9) if mask >> (port - 1) & 1),
            session=number.get("session"),
            q=number.get("q"),
            identity=str(info.fields.get("serial", "")),
            kept=(("parameters", _data(reply).hex()),),
        )

    def set_power(self, power_dbm: Sequence[float]) -> Talk[None]:
        """Set the power of all antennas, in whole dBm."""
        if len(power_dbm) != 1:
            raise ReaderError(f"{self.name} cannot set a power for each antenna: give one figure.")
        within(self.name, "power", power_dbm, *DBM)
        yield from self._do(POWER_SET, bytes((round(power_dbm[0]), 0)))

    def set_antennas(self, antennas: Sequence[int]) -> Talk[None]:
        """Set which ports are used."""
        within(self.name, "antenna", antennas, 1, 8)
        yield from self._do(_ANTENNAS_SET, bytes((sum(1 << (port - 1) for port in set(antennas)),)))

    def set_session(self, session: int, target: str = "A") -> Talk[None]:
        """Set the session; such a reader has no target that is known."""
        within(self.name, "session", (session,), 0, 3)
        reply = yield from self._do(GET_ALL, b"")
        block = bytearray(_data(reply))
        block[_SESSION_AT] = session
        yield from self._do(SET_ALL, bytes(block))

    def restore(self, settings: Settings) -> Talk[None]:
        """Put all parameters back."""
        for _, text in settings.kept:
            yield from self._do(SET_ALL, bytes.fromhex(text))

    def _do(self, code: int, data: bytes) -> Talk[Reply]:
        """Send a command and return its answer.

        Raises:
            ReaderError: If the reader refuses, or nobody answers.
        """
        reply = yield from self.ask(Frame(BROADCAST, code, data).encode(), code, tries=TRIES)
        if reply.error is not None:
            raise ReaderError(f"{self.name} cannot do {reply.name}: {reply.fields['code']}.")
        return reply


def _data(reply: Reply) -> bytes:
    """Return what stands behind the status."""
    return Frame.decode(reply.frame).data[1:]
