"""Readers that are not there: the device's side on real ports, and the tags in its field."""
