"""The parameters of LLRP: number, name, and how the fields before its inner parameters lie.

>>> PARAMETERS[220][0], TV_SIZES[13]
('KeepaliveSpec', 12)

Source: LLRP 1.0.1, sections 11 to 16 and 17.2; the numbers and sizes that readers really send are
proved by the captured capabilities and configuration among the vectors.
"""

from __future__ import annotations

_OP = "op_spec_id:u2 access_password:h4"
_PLACE = "bank:b2 -:b6 word_pointer:u2"
_RESULT = "result:u1 op_spec_id:u2"

TVS: dict[int, tuple[str, str]] = {
    1: ("AntennaID", "antenna:u2"),
    2: ("FirstSeenTimestampUTC", "first_seen_utc_us:u8"),
    3: ("FirstSeenTimestampUptime", "first_seen_uptime_us:u8"),
    4: ("LastSeenTimestampUTC", "last_seen_utc_us:u8"),
    5: ("LastSeenTimestampUptime", "last_seen_uptime_us:u8"),
    6: ("PeakRSSI", "rssi_dbm:s1"),
    7: ("ChannelIndex", "channel_index:u2"),
    8: ("TagSeenCount", "seen_count:u2"),
    9: ("ROSpecID", "rospec_id:u4"),
    10: ("InventoryParameterSpecID", "inventory_parameter_spec_id:u2"),
    11: ("C1G2CRC", "tag_crc:h2"),
    12: ("C1G2PC", "pc:h2"),
    13: ("EPC96", "epc:h12"),
    14: ("SpecIndex", "spec_index:u2"),
    15: ("ClientRequestOpSpecResult", "client_op_spec_id:u2"),
    16: ("AccessSpecID", "access_spec_id:u4"),
    17: ("OpSpecID", "op_spec_id:u2"),
    18: ("C1G2SingulationDetails", "collision_slots:u2 empty_slots:u2"),
    19: ("C1G2XPCW1", "xpc_w1:h2"),
    20: ("C1G2XPCW2", "xpc_w2:h2"),
}
"""TV number → name, layout; the first byte on the wire is the number with its top bit set."""

TV_SIZES = {
    1: 2, 2: 8, 3: 8, 4: 8, 5: 8, 6: 1, 7: 2, 8: 2, 9: 4, 10: 2, 11: 2, 12: 2, 13: 12, 14: 2,
    15: 2, 16: 4, 17: 2, 18: 4, 19: 2, 20: 2,
}  # fmt: skip
"""TV number → bytes behind the first."""

PARAMETERS: dict[int, tuple[str, str]] = TVS | {
    128: ("UTCTimestamp", "utc_us:u8"),
    129: ("Uptime", "uptime_us:u8"),
    137: (
        "GeneralDeviceCapabilities",
        (
            "antennas_max:u2 can_set_antenna_properties:b1 has_utc_clock:b1 -:b14"
            " manufacturer:u4 model:u4 firmware:t*"
        ),
    ),
    139: ("ReceiveSensitivityTableEntry", "index:u2 sensitivity_db:s2"),
    140: ("PerAntennaAirProtocol", "antenna:u2 protocols:u1*"),
    141: ("GPIOCapabilities", "gpi_count:u2 gpo_count:u2"),
    142: (
        "LLRPCapabilities",
        (
            "can_do_rf_survey:b1 can_report_buffer_fill:b1 supports_client_request:b1"
            " can_do_state_aware:b1 supports_holding:b1 -:b3 priority_max:u1"
            " client_request_timeout_ms:u2 rospecs_max:u4 specs_per_rospec_max:u4"
            " inventory_specs_per_aispec_max:u4 access_specs_max:u4 op_specs_per_access_spec_max:u4"
        ),
    ),
    143: ("RegulatoryCapabilities", "country_code:u2 communications_standard:u2"),
    144: ("UHFBandCapabilities", ""),
    145: ("TransmitPowerLevelTableEntry", "index:u2 power_cdbm:s2"),
    146: ("FrequencyInformation", "is_hopping:b1 -:b7"),
    147: ("FrequencyHopTable", "hop_table_id:u1 -:b8 frequencies_khz:u4*"),
    148: ("FixedFrequencyTable", "frequencies_khz:u4*"),
    149: ("PerAntennaReceiveSensitivityRange", "antenna:u2 index_min:u2 index_max:u2"),
    177: ("ROSpec", "rospec_id:u4 priority:u1 state:u1"),
    178: ("ROBoundarySpec", ""),
    179: ("ROSpecStartTrigger", "trigger:u1"),
    180: ("PeriodicTriggerValue", "offset_ms:u4 period_ms:u4"),
    181: ("GPITriggerValue", "gpi_port:u2 gpi_state:b1 -:b7 timeout_ms:u4"),
    182: ("ROSpecStopTrigger", "trigger:u1 duration_ms:u4"),
    183: ("AISpec", "antennas:u2*"),
    184: ("AISpecStopTrigger", "trigger:u1 duration_ms:u4"),
    185: (
        "TagObservationTrigger",
        "trigger:u1 -:b8 tag_count:u2 attempt_count:u2 quiet_ms:u2 timeout_ms:u4",
    ),
    186: ("InventoryParameterSpec", "inventory_parameter_spec_id:u2 protocol:u1"),
    187: ("RFSurveySpec", "antenna:u2 start_khz:u4 end_khz:u4"),
    188: ("RFSurveySpecStopTrigger", "trigger:u1 duration_ms:u4 round_count:u4"),
    207: (
        "AccessSpec",
        "access_spec_id:u4 antenna:u2 protocol:u1 is_active:b1 -:b7 rospec_id:u4",
    ),
    208: ("AccessSpecStopTrigger", "trigger:u1 operation_count:u2"),
    209: ("AccessCommand", ""),
    210: ("ClientRequestOpSpec", "op_spec_id:u2"),
    211: ("ClientRequestResponse", "access_spec_id:u4"),
    217: ("LLRPConfigurationStateValue", "state_value:u4"),
    218: ("Identification", "id_type:u1 reader_id:u1*"),
    219: ("GPOWriteData", "gpo_port:u2 gpo_state:b1 -:b7"),
    220: ("KeepaliveSpec", "trigger:u1 interval_ms:u4"),
    221: ("AntennaProperties", "is_connected:b1 -:b7 antenna:u2 gain_cdbi:s2"),
    222: ("AntennaConfiguration", "antenna:u2"),
    223: ("RFReceiver", "sensitivity_index:u2"),
    224: ("RFTransmitter", "hop_table_id:u2 channel_index:u2 power_index:u2"),
    225: ("GPIPortCurrentState", "gpi_port:u2 is_enabled:b1 -:b7 gpi_state:u1"),
    226: ("EventsAndReports", "is_held:b1 -:b7"),
    237: ("ROReportSpec", "trigger:u1 tag_count:u2"),
    238: (
        "TagReportContentSelector",
        (
            "rospec_id:b1 spec_index:b1 inventory_parameter_spec_id:b1 antenna:b1 channel_index:b1"
            " rssi:b1 first_seen:b1 last_seen:b1 seen_count:b1 access_spec_id:b1 -:b6"
        ),
    ),
    239: ("AccessReportSpec", "trigger:u1"),
    240: ("TagReportData", ""),
    241: ("EPCData", "epc:m*"),
    242: ("RFSurveyReportData", ""),
    243: (
        "FrequencyRSSILevelEntry",
        "frequency_khz:u4 bandwidth_khz:u4 average_dbm:s1 peak_dbm:s1",
    ),
    244: ("ReaderEventNotificationSpec", ""),
    245: ("EventNotificationState", "event_type:u2 is_enabled:b1 -:b7"),
    246: ("ReaderEventNotificationData", ""),
    247: ("HoppingEvent", "hop_table_id:u2 next_channel_index:u2"),
    248: ("GPIEvent", "gpi_port:u2 gpi_state:b1 -:b7"),
    249: ("ROSpecEvent", "event_type:u1 rospec_id:u4 preempting_rospec_id:u4"),
    250: ("ReportBufferLevelWarningEvent", "filled_percent:u1"),
    251: ("ReportBufferOverflowErrorEvent", ""),
    252: ("ReaderExceptionEvent", "message:t*"),
    253: ("RFSurveyEvent", "event_type:u1 rospec_id:u4 spec_index:u2"),
    254: ("AISpecEvent", "event_type:u1 rospec_id:u4 spec_index:u2"),
    255: ("AntennaEvent", "is_connected:u1 antenna:u2"),
    256: ("ConnectionAttemptEvent", "attempt:u2"),
    257: ("ConnectionCloseEvent", ""),
    287: ("LLRPStatus", "status:u2 text:t*"),
    288: ("FieldError", "field_number:u2 error:u2"),
    289: ("ParameterError", "parameter_type:u2 error:u2"),
    327: ("C1G2LLRPCapabilities", "can_block_erase:b1 can_block_write:b1 -:b6 filters_max:u2"),
    328: ("C1G2UHFRFModeTable", ""),
    329: (
        "C1G2UHFRFModeTableEntry",
        (
            "mode_id:u4 dr:b1 is_conformance_tested:b1 -:b6 m:u1 modulation:u1 spectral_mask:u1"
            " bdr_bps:u4 pie:u4 tari_min_ns:u4 tari_max_ns:u4 tari_step_ns:u4"
        ),
    ),
    330: ("C1G2InventoryCommand", "is_state_aware:b1 -:b7"),
    331: ("C1G2Filter", "truncate:b2 -:b6"),
    332: ("C1G2TagInventoryMask", "bank:b2 -:b6 bit_pointer:u2 mask:m*"),
    333: ("C1G2TagInventoryStateAwareFilterAction", "target:u1 action:u1"),
    334: ("C1G2TagInventoryStateUnawareFilterAction", "action:u1"),
    335: ("C1G2RFControl", "mode_index:u2 tari_ns:u2"),
    336: ("C1G2SingulationControl", "session:b2 -:b6 tag_population:u2 transit_ms:u4"),
    337: ("C1G2TagInventoryStateAwareSingulationAction", "inventoried:b1 selected:b1 -:b6"),
    338: ("C1G2TagSpec", ""),
    339: ("C1G2TargetTag", "bank:b2 is_match:b1 -:b5 bit_pointer:u2 mask:m* data:m*"),
    341: ("C1G2Read", f"{_OP} {_PLACE} word_count:u2"),
    342: ("C1G2Write", f"{_OP} {_PLACE} data:w*"),
    343: ("C1G2Kill", "op_spec_id:u2 kill_password:h4"),
    344: ("C1G2Lock", _OP),
    345: ("C1G2LockPayload", "privilege:u1 data_field:u1"),
    346: ("C1G2BlockErase", f"{_OP} {_PLACE} word_count:u2"),
    347: ("C1G2BlockWrite", f"{_OP} {_PLACE} data:w*"),
    348: ("C1G2EPCMemorySelector", "crc:b1 pc:b1 -:b6"),
    349: ("C1G2ReadOpSpecResult", f"{_RESULT} data:w*"),
    350: ("C1G2WriteOpSpecResult", f"{_RESULT} words_written:u2"),
    351: ("C1G2KillOpSpecResult", _RESULT),
    352: ("C1G2LockOpSpecResult", _RESULT),
    353: ("C1G2BlockEraseOpSpecResult", _RESULT),
    354: ("C1G2BlockWriteOpSpecResult", f"{_RESULT} words_written:u2"),
    1023: ("Custom", "vendor:u4 subtype:u4 data:h*"),
}
"""Number → name, layout; inner parameters follow the fields."""

NUMBERS = {name: number for number, (name, _) in PARAMETERS.items()}

OP_RESULTS = {
    349: ("no error", "non-specific tag error", "no response from tag",
          "non-specific reader error", "memory overrun", "memory locked"),
    350: ("no error", "memory overrun", "memory locked", "insufficient power",
          "non-specific tag error", "no response from tag", "non-specific reader error"),
    351: ("no error", "zero kill password", "insufficient power", "non-specific tag error",
          "no response from tag", "non-specific reader error"),
    352: ("no error", "insufficient power", "non-specific tag error", "no response from tag",
          "non-specific reader error"),
    353: ("no error", "memory overrun", "memory locked", "insufficient power",
          "non-specific tag error", "no response from tag", "non-specific reader error"),
    354: ("no error", "memory overrun", "memory locked", "insufficient power",
          "non-specific tag error", "no response from tag", "non-specific reader error"),
}  # fmt: skip
"""Result parameter → what its codes say, from 0."""
