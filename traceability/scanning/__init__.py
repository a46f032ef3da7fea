"""Scans by hand: a scanner, a camera or a thumb says what happens, and is told what to do next.

Every scan is one entry of the record, also one that nobody understands: the numbers that a device
counts then prove that nothing was lost. What a scan means follows from the flow, never from the
name of a step.
"""
