"""Tag frames and answers of an R2000 box."""

from __future__ import annotations

from hypothesis import strategies as st

from readers.inquiry import About
from readers.protocols.r2000_a0.codec import INVENTORIES, Frame
from tests.readers.samples.epcs import EPC

HEADS = b"\xa0"
ABOUT = About(firmware="1.9", region="eu", power_dbm=(30.0,))
HARMLESS = {0x72, 0x77, 0x79}
FRAME = st.one_of(
    st.builds(
        lambda epc, place, rssi, cmd: Frame(
            1,
            cmd,
            bytes((place,)) + (len(epc) // 2 << 11).to_bytes(2, "big") + epc + bytes((rssi,)),
        ).encode(),
        EPC,
        st.integers(0, 255),
        st.integers(0, 255),
        st.sampled_from(INVENTORIES),
    ),
    st.builds(
        lambda cmd, data: Frame(1, cmd, data).encode(),
        st.sampled_from([0x72, 0x74, 0x77, 0x99]),
        st.binary(max_size=12),
    ),
)
