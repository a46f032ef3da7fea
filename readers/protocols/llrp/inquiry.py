"""How an LLRP reader is recognised: it greets whoever connects; then it is asked what it is.

>>> [ask.hex() for ask in LLRP_INQUIRY.asks]
['04010000000b0000000100']

Source: LLRP 1.0.1, sections 9.1, 9.2 (capabilities, configuration), 13.1.6.4 (greeting).
"""

from __future__ import annotations

from collections.abc import Sequence

from readers.inquiry import About, Inquiry
from readers.protocols.llrp.codec import Message
from readers.protocols.llrp.commands import CHINA, MAKERS, MODELS, REFUSALS, STANDARDS, TYPES
from readers.protocols.llrp.structure import Parameter
from readers.reads import Item, Reply, TagRead

_CAPABILITIES = TYPES["GET_READER_CAPABILITIES_RESPONSE"]
_CONFIGURATION = TYPES["GET_READER_CONFIG_RESPONSE"]
_KEEPALIVE = TYPES["KEEPALIVE"]
_ASK = Message.of("GET_READER_CAPABILITIES", id=1, requested=0).encode()
_FURTHER = Message.of("GET_READER_CONFIG", id=2, requested=0).encode()


def _is_answer(item: Item) -> bool:
    if not isinstance(item, Reply):
        return False
    return item.fields.get("attempt") == 0 or (item.command == _CAPABILITIES and item.error is None)


def _is_pushed(item: Item) -> bool:
    return isinstance(item, TagRead) or (isinstance(item, Reply) and item.command == _KEEPALIVE)


def _is_refusal(item: Item) -> bool:
    return isinstance(item, Reply) and item.fields.get("attempt") in REFUSALS


def _further(answer: Item) -> tuple[bytes, ...]:
    is_known = isinstance(answer, Reply) and answer.command == _CAPABILITIES
    return (_FURTHER,) if is_known else (_ASK, _FURTHER)


def _about(items: Sequence[Item]) -> About:
    told = {
        item.command: Message.decode(item.frame)
        for item in items
        if isinstance(item, Reply) and item.command in (_CAPABILITIES, _CONFIGURATION)
    }
    capabilities = told.get(_CAPABILITIES)
    if capabilities is None:
        return About()
    model = firmware = region = ""
    general = capabilities.part("GeneralDeviceCapabilities")
    if general is not None:
        maker, number = _number(general, "manufacturer"), _number(general, "model")
        name = MODELS.get((maker, number), str(number))
        model = f"{MAKERS.get(maker, f'maker {maker}')} {name}"
        firmware = str(general.fields["firmware"])
    regulatory = capabilities.part("RegulatoryCapabilities")
    band = None
    if regulatory is not None:
        is_china = regulatory.fields["country_code"] == CHINA
        standard = STANDARDS.get(_number(regulatory, "communications_standard"), "own")
        region = "cn" if is_china and standard == "own" else standard
        band = regulatory.part("UHFBandCapabilities")
    configuration = told.get(_CONFIGURATION)
    return About(model, firmware, region, _powers(band, configuration), _empty(configuration))


def _empty(configuration: Message | None) -> tuple[int, ...]:
    """Return the ports at which the reader finds no antenna."""
    parts = configuration.parameters if configuration is not None else ()
    return tuple(
        _number(part, "antenna")
        for part in parts
        if part.name == "AntennaProperties" and not part.fields["is_connected"]
    )


def _powers(band: Parameter | None, configuration: Message | None) -> tuple[float, ...]:
    """Return the power of each antenna, one figure if all are alike; none if it is not told."""
    if band is None or configuration is None:
        return ()
    table = {
        part.fields["index"]: _number(part, "power_cdbm") / 100
        for part in band.parts
        if part.name == "TransmitPowerLevelTableEntry"
    }
    powers = []
    for antenna in configuration.parameters:
        sender = antenna.part("RFTransmitter") if antenna.name == "AntennaConfiguration" else None
        if sender is not None and sender.fields["power_index"] in table:
            powers.append(table[sender.fields["power_index"]])
    return tuple(powers[:1] if len(set(powers)) == 1 else powers)


def _number(part: Parameter, name: str) -> int:
    return int(str(part.fields[name]))


LLRP_INQUIRY = Inquiry((_ASK,), _is_answer, _is_pushed, _further, _about, is_refusal=_is_refusal)
"""On a network only; the greeting comes before anything is asked."""
