"""A whole workshop on one PC: server, stations, daily backup in one process (`hangtag start`)."""
