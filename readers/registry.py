"""The protocols that Hangtag speaks, by the names of their folders.

>>> PROTOCOLS["r200_bb7e"].short
'R200'
"""

from __future__ import annotations

from readers.protocol import ProtocolEntry
from readers.protocols import (
    alien_ascii,
    barcode_lines,
    chafon_5357,
    chafon_cf,
    chafon_uhfreader,
    chainway,
    em4100_serial,
    fonkan_ascii,
    impinj_r700_json,
    keyboard_lines,
    llrp,
    nordicid_nur,
    r200_bb7e,
    r2000_a0,
    thingmagic,
    tsl_ascii2,
    zebra_iotc_json,
    zebra_ssi,
)
from readers.reads import ReaderError

__all__ = ["PROTOCOLS", "ProtocolEntry", "protocol"]

PROTOCOLS: dict[str, ProtocolEntry] = {
    entry.name: entry
    for entry in (
        barcode_lines.ENTRY,
        keyboard_lines.ENTRY,
        r200_bb7e.ENTRY,
        r2000_a0.ENTRY,
        chafon_uhfreader.ENTRY,
        chafon_cf.ENTRY,
        chafon_5357.ENTRY,
        thingmagic.ENTRY,
        nordicid_nur.ENTRY,
        chainway.ENTRY,
        tsl_ascii2.ENTRY,
        alien_ascii.ENTRY,
        fonkan_ascii.ENTRY,
        zebra_ssi.ENTRY,
        em4100_serial.ENTRY,
        llrp.ENTRY,
        impinj_r700_json.ENTRY,
        zebra_iotc_json.ENTRY,
    )
}


def protocol(name: str) -> ProtocolEntry:
    """Return a protocol by its name.

    Raises:
        ReaderError: If there is none of that name; the sentence lists those there are.
    """
    if name not in PROTOCOLS:
        raise ReaderError(f"No protocol is called {name!r}: expected {', '.join(PROTOCOLS)}.")
    return PROTOCOLS[name]
