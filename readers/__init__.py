"""Readers: what stands at a gate or on a table, from the bytes on its wire to one read.

A folder a protocol in `protocols/`, each with the frame, the host's codec, the device's emulator,
what it may be asked and what it may be told. Around them: `transports/`, the ways to a port; the
session, which keeps a line alive; `control/`, what a reader is told; `recordings/`, what its wire
said; `emulated/`, readers that are not there; `watching/`, reads in the terminal. Nothing here
knows a ledger.
"""
