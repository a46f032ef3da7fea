"""Readers on a factory floor: bytes on a serial line become reads."""
