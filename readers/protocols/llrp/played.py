"""What the played LLRP reader is: an Impinj R420 with four antennas, Europe, 30 dBm, one spec."""

from __future__ import annotations

from readers.protocols.llrp.commands import IMPINJ
from readers.protocols.llrp.structure import Parameter

_POWER_FIRST_CDBM, _POWER_STEP_CDBM, POWERS = 1000, 25, 81
_ANTENNAS = _PINS = 4
_CHANNELS_KHZ = [865_700, 866_300, 866_900, 867_500]
"""The four of EN 302 208."""

CAPABILITIES = (
    Parameter.of(
        "GeneralDeviceCapabilities",
        Parameter.of("ReceiveSensitivityTableEntry", index=1, sensitivity_db=0),
        Parameter.of("GPIOCapabilities", gpi_count=_PINS, gpo_count=_PINS),
        *(
            Parameter.of("PerAntennaAirProtocol", antenna=antenna, protocols=[1])
            for antenna in range(1, _ANTENNAS + 1)
        ),
        antennas_max=_ANTENNAS,
        has_utc_clock=True,
        manufacturer=IMPINJ,
        model=2001002,
        firmware="5.14.0.240",
    ),
    Parameter.of(
        "LLRPCapabilities",
        can_report_buffer_fill=True,
        supports_holding=True,
        priority_max=1,
        rospecs_max=1,
        specs_per_rospec_max=32,
        inventory_specs_per_aispec_max=1,
        access_specs_max=1508,
        op_specs_per_access_spec_max=8,
    ),
    Parameter.of(
        "RegulatoryCapabilities",
        Parameter.of(
            "UHFBandCapabilities",
            *(
                Parameter.of(
                    "TransmitPowerLevelTableEntry",
                    index=index + 1,
                    power_cdbm=_POWER_FIRST_CDBM + _POWER_STEP_CDBM * index,
                )
                for index in range(POWERS)
            ),
            Parameter.of(
                "FrequencyInformation",
                Parameter.of("FixedFrequencyTable", frequencies_khz=_CHANNELS_KHZ),
                is_hopping=False,
            ),
        ),
        country_code=276,
        communications_standard=2,
    ),
    Parameter.of("C1G2LLRPCapabilities", can_block_write=True, filters_max=2),
)

CONFIGURATION = (
    Parameter.of("Identification", id_type=0, reader_id=list(bytes.fromhex("001625ffff1125d6"))),
    *(
        Parameter.of("AntennaProperties", is_connected=antenna <= 2, antenna=antenna)
        for antenna in range(1, _ANTENNAS + 1)
    ),
    *(
        Parameter.of(
            "AntennaConfiguration",
            Parameter.of("RFReceiver", sensitivity_index=1),
            Parameter.of("RFTransmitter", hop_table_id=0, channel_index=1, power_index=POWERS),
            antenna=antenna,
        )
        for antenna in range(1, _ANTENNAS + 1)
    ),
    *(
        Parameter.of("GPIPortCurrentState", gpi_port=port, is_enabled=True, gpi_state=0)
        for port in range(1, _PINS + 1)
    ),
    *(Parameter.of("GPOWriteData", gpo_port=port, gpo_state=False) for port in range(1, _PINS + 1)),
    Parameter.of("KeepaliveSpec", trigger=0, interval_ms=0),
    Parameter.of("EventsAndReports", is_held=False),
)
