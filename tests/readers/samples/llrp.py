"""Reports, keep-alives, events and answers of an LLRP reader.

There is no checksum: noise is what cannot be a message. So the laws hold for what is made here: a
false message would need a version, a type, a length and inner lengths that all fit. A bit that
flips inside a value gives another value, which the law of the flipped bit allows for.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from readers.inquiry import About
from readers.protocols.llrp.codec import Message
from readers.protocols.llrp.structure import Parameter
from tests.readers.samples.epcs import EPC

HEADS = b"\x04\x05\x06\x07"
ABOUT = About("Impinj Speedway R420", "5.14.0.240", "eu", (30.0,), no_antenna=(3, 4))
HARMLESS = {1, 2}
UNANSWERED = frozenset({72})
_WORD, _LONG = st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)


def stated(meaning: dict[str, Any]) -> dict[str, Any]:  # `Any`: a row's own fields
    """Say a row in our names: messages in the standard's capitals, refusals as noise."""
    told = dict(meaning)
    if str(told.get("expect", "")).startswith("reject"):
        return told | {"checksum": "bad"}
    if told.get("kind") == "RO_ACCESS_REPORT":
        told["kind"] = "tag"
    if told.get("kind") == "SET_READER_CONFIG factory reset":
        told |= {"kind": "SET_READER_CONFIG", "factory_reset": True}
    told["kind"] = _CAPITALS.get(told["kind"], told["kind"])
    return told


_CAPITALS = {
    "CloseConnectionResponse": "CLOSE_CONNECTION_RESPONSE",
    "GetReaderCapabilitiesResponse": "GET_READER_CAPABILITIES_RESPONSE",
    "GetReaderConfigResponse": "GET_READER_CONFIG_RESPONSE",
    "ReaderEventNotification": "READER_EVENT_NOTIFICATION",
}


def tag(epc: bytes, antenna: int, dbm: int, channel: int, count: int, more: bytes) -> Parameter:
    first = Parameter.of("EPC96" if len(epc) == 12 else "EPCData", epc=epc.hex())
    parts = (
        Parameter.of("AntennaID", antenna=antenna),
        Parameter.of("PeakRSSI", rssi_dbm=dbm),
        Parameter.of("ChannelIndex", channel_index=channel),
        Parameter.of("TagSeenCount", seen_count=count),
    )
    # The first byte of `more` chooses how much a reader was told to say.
    return Parameter.of("TagReportData", first, *parts[: more[0] % 5])


TAG = st.builds(
    tag, EPC, st.integers(1, 8), st.integers(-120, -30), _WORD, _WORD, st.binary(min_size=1)
)
REPORT = st.builds(
    lambda tags, number: Message.of("RO_ACCESS_REPORT", *tags, id=number).encode(),
    st.lists(TAG, min_size=1, max_size=5),
    _LONG,
)
FRAME = st.one_of(
    REPORT,
    st.builds(lambda number: Message.of("KEEPALIVE", id=number).encode(), _LONG),
    st.builds(
        lambda port, state, number: Message.of(
            "READER_EVENT_NOTIFICATION",
            Parameter.of(
                "ReaderEventNotificationData",
                Parameter.of("Uptime", uptime_us=number),
                Parameter.of("GPIEvent", gpi_port=port, gpi_state=state),
            ),
            id=number,
        ).encode(),
        _WORD,
        st.booleans(),
        _LONG,
    ),
    st.builds(
        lambda code, number: Message.of(
            "ADD_ROSPEC_RESPONSE", Parameter.of("LLRPStatus", status=code, text="no"), id=number
        ).encode(),
        st.sampled_from([0, 101, 401]),
        _LONG,
    ),
)
