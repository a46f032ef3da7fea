"""Readers shown live in a terminal: what they say, how often, how strongly, and how the line is."""
