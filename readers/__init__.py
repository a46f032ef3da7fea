"""Readers: what stands at a gate or on a table, from the bytes on its wire to one read.

One file a protocol (`barcode_lines`, `r200_bb7e`, `r2000_a0`), each with the frame, the host's
codec and the device's emulator; around them the port, the session, the recorder and the commands.
Nothing here knows a ledger.
"""
