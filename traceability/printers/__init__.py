"""Label printers at the end of a wire: what is entered, what is plugged in, what they answer.

A label becomes the words of a printer in `traceability.labels`; here they are sent, what comes back
is understood, and an emulated printer stands in for every real one.
"""
