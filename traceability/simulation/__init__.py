"""A factory that does not exist: real bytes on real ports, and nothing behind them.

It works like a factory beside Hangtag, not inside it. Its readers are emulated, its workers wave
tags and pull triggers; between them and the stations lie only the ports, as they would outside.
"""
